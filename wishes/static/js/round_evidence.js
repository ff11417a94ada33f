// What may go with a hand-over besides the two codes: a photograph, a signature drawn with a finger, and roughly where it was.
// All of it may be left out.

import { small } from "./camera.js";

const GEOHASH = "0123456789bcdefghjkmnpqrstuvwxyz";

// A canvas to sign on.
export class Pad {
  constructor(canvas) {
    Object.assign(this, { canvas, isEmpty: true });
    const pen = canvas.getContext("2d");
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      Object.assign(pen, { lineWidth: 5, lineCap: "round", lineJoin: "round", strokeStyle: "#1c1916" });
      pen.beginPath();
      pen.moveTo(...at(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      pen.lineTo(...at(event));
      pen.stroke();
      this.isEmpty = false;
    });
  }

  clear() {
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.isEmpty = true;
  }
}

// The photograph, the signature below it, or either alone, as one picture; null without both. Throws for a photograph that does not open.
export async function pictured(file, pad) {
  const photo = file ? await small(file) : null;
  if (pad.isEmpty) return photo;
  const above = photo && (await createImageBitmap(photo));
  const width = above?.width ?? pad.canvas.width;
  const strip = Math.round((width * pad.canvas.height) / pad.canvas.width);
  const whole = document.createElement("canvas");
  [whole.width, whole.height] = [width, (above?.height ?? 0) + strip];
  const pen = whole.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, whole.width, whole.height);
  if (above) pen.drawImage(above, 0, 0);
  pen.drawImage(pad.canvas, 0, whole.height - strip, width, strip);
  return new Promise((drawn) => { whole.toBlob(drawn, "image/jpeg", 0.85); });
}

// The first five letters of the geohash (Niemeyer 2008): a field of some five kilometres. Rejects when there is no position.
export async function roughly() {
  const { coords } = await new Promise((found, failed) => {
    navigator.geolocation.getCurrentPosition(found, failed, { maximumAge: 600_000, timeout: 20_000 });
  });
  const ends = [[-180, 180], [-90, 90]];
  let letters = "";
  for (let letter = 0, bit = 0; letter < 5; letter += 1) {
    let number = 0;
    for (let part = 0; part < 5; part += 1, bit += 1) {
      const range = ends[bit % 2];
      const middle = (range[0] + range[1]) / 2;
      const isAbove = [coords.longitude, coords.latitude][bit % 2] >= middle;
      range[isAbove ? 0 : 1] = middle;
      number = number * 2 + Number(isAbove);
    }
    letters += GEOHASH[number];
  }
  return letters;
}
