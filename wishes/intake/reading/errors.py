"""Why a file could not be read: one clear sentence in both languages."""

from __future__ import annotations

from wishes.errors import MicrowishError
from wishes.i18n import Language, Text

PROBLEMS: dict[str, Text] = {
    "empty": Text("文件是空的。", "The file is empty."),
    "too_big": Text("文件太大，请拆分后再发送。", "The file is too big. Please split it."),
    "bomb": Text(
        "文件解压后大得不正常，为安全起见没有打开。",
        "The file unpacks to an abnormal size. For safety it was not opened.",
    ),
    "encrypted": Text(
        "工作簿设了打开密码，请去掉密码后重新发送。",
        "The workbook is protected by a password. Please remove it and send the file again.",
    ),
    "damaged": Text(
        "文件损坏或没有传完整，请重新发送。", "The file is damaged or was cut off on the way. Please send it again."
    ),
    "not_a_workbook": Text(
        "这不是表格文件（只接受 .xlsx、.xlsm、.csv）。",
        "This is not a spreadsheet. Only .xlsx, .xlsm and .csv are accepted.",
    ),
    "old_excel": Text(
        "这是旧版 Excel 文件（.xls），请另存为 .xlsx 后重新发送。",
        "This is an old Excel file (.xls). Please save it as .xlsx and send it again.",
    ),
    "markup": Text(
        "这是网页或 XML 格式的表格，请用 Excel 打开后另存为 .xlsx 再发送。",
        "This is a table saved as a web page or XML. Please open it in Excel and save it as .xlsx.",
    ),
    "sheet_too_large": Text(
        "工作表大得不正常（行数或列数过多），请删去多余的行列后重新发送。",
        "A sheet is abnormally large (too many rows or columns). Please delete the surplus and send it again.",
    ),
    "not_understood": Text(
        "表里像是写了孩子和心愿，但认不出是怎么排的，一条也没有登记。请改用模板，或逐条录入。",
        "It seems to list children and wishes, but in no order that could be made out: nothing was taken in. "
        "Please use the template, or enter them one by one.",
    ),
    "no_sheets": Text("工作簿里没有工作表。", "The workbook holds no sheets."),
    "unknown_encoding": Text(
        "认不出文字编码，请另存为 .xlsx 或 UTF-8 的 .csv。",
        "The text encoding is unknown. Please save the file as .xlsx or as UTF-8 .csv.",
    ),
}


class UnreadableFile(MicrowishError):
    """A file that cannot be read. ``problem`` is a key of :data:`PROBLEMS`; the file's name is not part of the message."""

    status, code = 422, "unreadable_file"
    title = Text("文件无法读取", "The file cannot be read")

    def __init__(self, problem: str) -> None:
        super().__init__(problem=problem)
        self.problem = problem

    def __reduce__(self) -> tuple[type[UnreadableFile], tuple[str]]:
        return UnreadableFile, (self.problem,)

    def say(self, language: Language = "zh") -> str:
        return PROBLEMS[self.problem].say(language)
