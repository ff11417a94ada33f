// The camera that reads codes, the sounds that go with it, and photographs made small. Nothing here knows what a code means.

const LOOK_EVERY_MS = 120;
const SAME_CODE_MS = 3_000;
const LONGEST_PX = 1600;

async function reader(wasm) {
  if ("BarcodeDetector" in window && (await window.BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
    return new window.BarcodeDetector({ formats: ["qr_code"] });
  }
  const vendored = window.BarcodeDetectionAPI;
  vendored.prepareZXingModule({ overrides: { locateFile: (path, prefix) => (path.endsWith(".wasm") ? wasm : prefix + path) } });
  return new vendored.BarcodeDetector({ formats: ["qr_code"] });
}

export class Camera {
  // *take* is called with each text that comes into view; the same one counts again after it was out of view for a while.
  constructor(video, wasm, take) {
    Object.assign(this, { video, wasm, take, stream: null, seen: new Map() });
    window.addEventListener("pagehide", () => this.stop());
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.stop(); });
  }

  get isOpen() { return this.stream !== null; }

  // Throws what getUserMedia throws when there is no camera or it was refused.
  async start() {
    this.stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false,
    });
    this.video.srcObject = this.stream;
    await this.video.play();
    this.#watch(await reader(this.wasm));
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
    this.video.dispatchEvent(new Event("mw:stopped"));
  }

  async #watch(eye) {
    const mine = this.stream;
    while (this.stream === mine) {
      const codes = this.video.readyState >= 2 ? await eye.detect(this.video) : [];
      for (const { rawValue } of codes) {
        const last = this.seen.get(rawValue) ?? 0;
        this.seen.set(rawValue, Date.now());
        if (Date.now() - last > SAME_CODE_MS) await this.take(rawValue);
      }
      await new Promise((next) => setTimeout(next, LOOK_EVERY_MS));
    }
  }
}

// --- sounds: up for good, level for "later", down for bad; felt as well as heard ----------------------------------------

const TUNES = { good: [660, 990], later: [660, 660], bad: [330, 196] };
const TREMBLE = { good: [60], later: [40, 60, 40], bad: [250] };
let audio = null;

export function sound(tone) {
  navigator.vibrate?.(TREMBLE[tone]);
  if (!window.AudioContext) return;
  audio ??= new AudioContext();
  audio.resume();
  TUNES[tone].forEach((pitch, at) => {
    const [voice, level] = [audio.createOscillator(), audio.createGain()];
    const begin = audio.currentTime + at * 0.14;
    voice.frequency.value = pitch;
    level.gain.setValueAtTime(0.2, begin);
    level.gain.exponentialRampToValueAtTime(0.001, begin + 0.13);
    voice.connect(level).connect(audio.destination);
    voice.start(begin);
    voice.stop(begin + 0.14);
  });
}

// A photograph drawn anew, so that neither place nor device is in it, and small enough for a weak signal.
export async function small(file) {
  const whole = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_PX / Math.max(whole.width, whole.height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(whole.width * scale), Math.round(whole.height * scale)];
  canvas.getContext("2d").drawImage(whole, 0, 0, canvas.width, canvas.height);
  return new Promise((drawn) => { canvas.toBlob(drawn, "image/jpeg", 0.8); });
}
