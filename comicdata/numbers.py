"""Which number and season an episode has, read from titles and names. A table of rules, first match wins; pure text.

No rule guesses: years, dates, hashes, sizes and release tags are taken out first, and a number that nothing marks as
that of an episode counts only where names keep such numbers: alone, in front, at the end.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

LONGEST = 300  # characters that are looked at: every pattern below stays fast however long a title is


@dataclass(frozen=True, slots=True)
class Numbered:
    """What a title says: the number and the season as text, "" where it says none; `sure` where a word, a counter or
    its form marks the number.
    """

    number: str = ""
    season: str = ""
    sure: bool = False


def _words(*words: str) -> str:
    """A pattern for any of these words where no letter stands before it."""
    return rf"(?<![^\W\d_])(?:{'|'.join(words)})"


LEFT, RIGHT = r"(?<![^\W_])", r"(?![^\W_])"  # no letter or digit before, after
DIGITS = {sign: n for n, signs in enumerate(["〇零", "一壱", "二弐两兩", "三参", *"四五六七八九"]) for sign in signs}
TENS = {"十": 10, "拾": 10, "百": 100, "千": 1000}
KANJI = "".join([*DIGITS, *TENS])
NUM = r"(?:1/2(?![\d/])|\d{1,6}(?:\.\d{1,3}(?!\d))?(?!\d))"
MINUS = r"(?:(?<=[\s#])-)?"  # "Ch -1" has one, "ch-1" and "ch - 1" have none
GAP = r"(?:[.:#]*\s*-\s+|[.:#]*-|[\s.:#]+)?"
LONE = r"(?<![\w.,/:$#-])"
YEAR = r"(?:19|20)\d\d"

EPISODE = _words(
    "episodes?", "episodio", "episódio", "épisode", "eps?", "folge", "серия", "tập", "ตอนที่", "ตอน",
    "エピソード", "에피소드",
)  # fmt: skip
CHAPTER = _words(
    "chapters?", "chapitre", "chap", "chp", "ch", "cap[ií]tulo", "cap", "kapitel", "kap", "bölüm", "глава", "chương",
)  # fmt: skip
COMMA = _words(  # of languages that write 12,5
    "chapitre", "épisode", "kapitel", "kap", "folge", "cap[ií]tulo", "episodio", "episódio", "bölüm", "глава", "серия"
)
NO = r"(?:no\.|nr\.?|n°|number|num\.?|issue)"
BONUS = _words(
    "bonus", "extras?", "specials?", "omake", "side ?story", "spin-?off", "hiatus", "notice", "announcement", "trailer",
    "q&a", r"sp(?=\d)", "番外編?", "番外篇", "外伝", "特別編", "おまけ", "외전", "특별편", "번외편?", "공지", "휴재",
)  # fmt: skip

OPENING = _words("prologue", "epilogue", "프롤로그", "에필로그", "プロローグ", "エピローグ")

MONTH = re.compile(rf"{LEFT}(?<![-.]){YEAR}(?:[-./](?:0[1-9]|1[0-2])(?![\d./-])|\s?[년年]\s?\d{{1,2}}\s?[월月][호号]?)")
NUMBERED_BONUS = re.compile(
    rf"{BONUS}[\s.:#-]*(?:(?:{EPISODE}|{CHAPTER}|no)[\s.:#-]*)?(?:第|제)?\s?{NUM}\s?[話话回화회]?"
)
NOISE = [  # digits that are the number of nothing; each is taken out before a rule looks
    re.compile(rf"{LEFT}[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}{RIGHT}"),  # a UUID
    re.compile(rf"{LEFT}(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{{8,64}}{RIGHT}"),  # a hash
    re.compile(rf"(?<!\d){YEAR}\s?[-./年년]\s?\d{{1,2}}\s?[-./月월]\s?\d{{1,2}}(?!\d)\s?[日일]?"),  # dates
    MONTH,
    re.compile(rf"(?<!\d)(?:\d{{2}}\.\d{{2}}\.\d{{2}}|{YEAR}[01]\d[0-3]\d|\d{{1,2}}[./]\d{{1,2}}[./]{YEAR})(?!\d)"),
    re.compile(rf"{LEFT}\d{{3,5}}\s?[x×]\s?\d{{3,5}}{RIGHT}|{LEFT}\d{{3,4}}[pi]{RIGHT}"),  # sizes
    re.compile(rf"{LEFT}\d{{1,6}}\s?(?:dpi|ppi|px|kb|mb|gb|fps|bit){RIGHT}"),
    re.compile(rf"(?<=\d)\s?v\d{{1,2}}(?=\s*$|\s*[\[(])|{LEFT}of\s?\d{{1,4}}{RIGHT}"),  # "012 v2", "3 of 6"
    re.compile(rf"{OPENING}[\s.:#-]*{NUM}"),
]

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
SPELLED = re.compile(  # "Chapter IV", "Season Two"; a letter alone is a number before a colon or the end, else a word
    rf"((?:{EPISODE}|{CHAPTER}|{_words('season', 'saison', 'temporada', 'staffel', 'part', 'volume', 'vol', 'book')})"
    rf"[\s.:#-]+)(?:({'|'.join(WORDS)})(?!\s(?:hundred|thousand))"
    r"|([ivx](?=\s*(?:$|[|:.,~()\[\]–]|-\s|\s-))|(?=[ivx][ivxlc]|[lc][ivxl]{2})c{0,3}(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})))"
    r"(?![\w'’-])"
)

SEASONS = [
    re.compile(
        rf"{_words('season', 'saison', 'temporada', 'staffel', 'stagione', '시즌', 'シーズン')}[\s.:#-]*(\d{{1,4}})"
    ),
    re.compile(rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)\s+season{RIGHT}|(?<!\d)(\d{{1,2}})\s?(?:시즌|シーズン|季)"),
    re.compile(rf"第\s?([{KANJI}]{{1,4}}|\d{{1,3}})\s?(?:季|シーズン|部(?=.))"),
    re.compile(r"(?<!\d)(\d{1,2})\s?[부기](?=[\s.:,_-]*(?:제|\d))"),
    re.compile(rf"{LEFT}s\s?(\d{{1,3}})(?={RIGHT}|\s?ep?\s?\.?\d)"),
]
PART = re.compile(rf"{_words('part', 'pt', 'book', 'arc')}{GAP}(\d{{1,3}}){RIGHT}")

MARKED = [  # a word or a counter says that it is the number of an episode, or else of a chapter
    re.compile(rf"[第제]\s?({NUM}|[{KANJI}]{{1,8}})\s?[話话回集夜화회]"),
    re.compile(rf"{EPISODE}{GAP}(?:{NO}\s?)?({MINUS}{NUM})"),
    re.compile(rf"(?<![\d.])({NUM})\s?(?:[話话화])"),
    re.compile(rf"{CHAPTER}{GAP}(?:{NO}\s?)?({MINUS}{NUM})"),
    re.compile(rf"[第제]\s?({NUM}|[{KANJI}]{{1,8}})\s?[章節节幕장편]"),
    re.compile(rf"(?<![\d.])({NUM})\s?(?:[回章集]|[회장편](?![가-힣]))"),
    re.compile(rf"(?:{LEFT}[ec]|(?<=v\d)c|(?<=v\d\d)c)({NUM}){RIGHT}"),
    re.compile(rf"(?<![\w&])#\s?({MINUS}{NUM})"),
    re.compile(rf"^\s*{NO}\s?({MINUS}{NUM})"),
]
FORMED = [  # its form marks it
    re.compile(rf"^\s*({NUM})(?=\s*(?:[.):|_\]]|-\s|\s-)(?!\d))"),  # "12. The end"
    re.compile(rf"^\s*({MINUS}{NUM})\s*$"),  # "40 (2019)"
    re.compile(r"(?<![\w.])(0\d{1,4}(?:\.\d{1,2})?)(?![\w.])"),  # 012
]
BARE = [  # where names keep numbers that nothing marks
    re.compile(rf"(?:{LONE}|(?<=[^\W\d_]-))({MINUS}{NUM})\s*$"),  # "Nova 12"
    re.compile(rf"{LEFT}{NO}\s?({MINUS}{NUM})"),
    re.compile(rf"{_words('part', 'pt', 'volume', 'vol', 'v', 'book', 'band', 'tome', 'arc')}{GAP}({NUM}){RIGHT}"),
    re.compile(rf"第?\s?({NUM}|(?<=第)[{KANJI}]{{1,8}}|(?<=第 )[{KANJI}]{{1,8}})\s?[巻卷冊册권집号號호部부]"),
    re.compile(rf"{LONE}({NUM})(?=\s?[|:~]\s|\s-\s)|(?<=[-|:~]\s)({NUM})(?=\s[-|:~]\s)"),  # "Nova 12: The end"
    re.compile(r"[^\W\d_]{2,}(\d{1,4})\s*$"),  # scene12
]


def read_numbers(titles: Sequence[str], series: str = "") -> list[Numbered]:
    """The numbers of a whole list: where most titles mark theirs ("Ep. 1"), a bare one ("Catch 22") is none."""
    found = [read_number(title, series) for title in titles]
    if sum(one.sure for one in found) > sum(bool(one.number) and not one.sure for one in found):
        return [one if one.sure else Numbered("", one.season) for one in found]
    return found


def read_number(title: str, series: str = "") -> Numbered:
    """The number and season that a title, or a name without its suffix, says; the name of the series says none."""
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", _in_digits(title))
    whole = re.fullmatch(rf"\s*(-?{NUM})\s*", text)
    if whole and not MONTH.fullmatch(text.strip()):
        return Numbered(canonical(whole[1]), "", True)
    text = _without_noise(_without_series(text, _in_digits(series)))
    text, bonus = NUMBERED_BONUS.subn(" ", text)
    season, text = _season(text)
    for rule in MARKED:
        if found := rule.search(text):
            part = PART.search(text[: found.start()])
            return Numbered(_value_of(found), season or (canonical(part[1]) if part else ""), True)
    text = re.sub(rf"(?<![\w.]){YEAR}(?:-(?=\d)|(?!\w))", " ", text)
    for rule in (*FORMED, *(() if bonus else BARE)):
        if found := rule.search(text):
            return Numbered(_value_of(found), season, rule in FORMED)
    return Numbered("", season)


def canonical(number: str) -> str:
    """A number as records hold it: "007" is 7, "2.50" is 2.5, the sign for a half 1/2; other text stays ("19.HU")."""
    text = " ".join(_plain(number[:LONGEST]).split())
    found = re.fullmatch(r"([+-]?)0*(\d+)(?:\.(\d+))?", text)
    if not found:
        return text
    decimals = (found[3] or "").rstrip("0")
    return f"{found[1].strip('+')}{found[2]}{'.' if decimals else ''}{decimals}"


def value_of(number: str) -> Fraction | None:
    """What a number is worth, to compare; None for one that is no number ("Omega")."""
    if not re.fullmatch(r"-?[0-9]{1,12}(?:\.[0-9]{1,12}|/0*[1-9][0-9]{0,11})?", number):
        return None
    return Fraction(number)


def _plain(text: str) -> str:
    """Digits, letters, dashes and fractions in their plain form; raised and lowered digits are notes, not numbers."""
    text = re.sub("[\u2070-\u209f\u00b2\u00b3\u00b9]", "", text).replace("\u2116", "no.").replace("\u00ba", "\u00b0")
    text = re.sub("([0-9]{0,9}) ?([\u00bc-\u00be\u2150-\u215e])", _fraction, text)
    text = re.sub("[\u2010-\u2015\u2212\uff0d]", "-", unicodedata.normalize("NFKC", text))
    return re.sub(r"\d", lambda digit: str(unicodedata.decimal(digit[0])), text)


def _fraction(found: re.Match[str]) -> str:
    part = Fraction(unicodedata.numeric(found[2])).limit_denominator(10)
    return f"{int(found[1]) + float(part):g}" if found[1] else str(part)


def _without_series(text: str, series: str) -> str:
    """The text behind the name of the series, which may hold numbers ("Kaiju No. 8"); all of it where that is all."""
    text, series = text.strip(), series.strip()
    rest = text.removeprefix(series)
    if not series or rest == text or rest[:1].isalnum() or not re.search(r"\w", rest):
        return text
    return re.sub(rf"^[\s:]*(?:-\s+)?({NUM})(?=\s)", r"\1. ", rest)  # "Nova 12 The end"


def _without_noise(text: str) -> str:
    """Without brackets that hold neither season nor marked number, and without digits that number nothing."""
    text = re.sub(r"^\s*[\[(【]\s*(\d{1,4})\s*[\])】]", r"\1. ", text)  # "[12] The end"
    text = re.sub(rf"^\s*[\[(【]\s*({BONUS})\s*[\])】]", r"\1 ", text)  # "[Notice] Ep. 12 is late"
    kept = re.sub(r"\[([^\[\]]*)\]|【([^【】]*)】|\(([^()]*)\)|\{([^{}]*)\}", _bracket, text)
    text = kept if re.search(r"\w", kept) else text
    for pattern in NOISE:
        text = pattern.sub(" ", text)
    return text


def _bracket(found: re.Match[str]) -> str:
    inside = f" {next(filter(None, found.groups()), '')} "
    return inside if any(rule.search(inside) for rule in (*SEASONS, *MARKED[:6])) else " "


def _season(text: str) -> tuple[str, str]:
    """The season, and the text without it."""
    for rule in SEASONS:
        if found := rule.search(text):
            return _value_of(found), f"{text[: found.start()]} {text[found.end() :].lstrip(' -:._,')}"  # "S2-3"
    return "", text


def _value_of(found: re.Match[str]) -> str:
    text = next(group for group in found.groups() if group is not None)
    return str(_kanji(text)) if text[0] in KANJI else canonical(text)


def _in_digits(text: str) -> str:
    """Lower case, with spaces for "_" and every number that is spelled out, or has a comma, in plain digits."""
    text = _plain(text[:LONGEST]).lower().replace("_", " ")
    return SPELLED.sub(_spelled, re.sub(rf"({COMMA}{GAP}\d{{1,4}}),(?=\d(?!\d))", r"\1.", text))


def _spelled(found: re.Match[str]) -> str:
    """The word before a number in letters, and the number in digits."""
    if found[2]:
        return f"{found[1]}{WORDS.index(found[2]) + 1}"
    worth = [ROMAN[letter] for letter in found[3]]
    return f"{found[1]}{sum(-a if a < b else a for a, b in zip(worth, [*worth[1:], 0], strict=True))}"


def _kanji(text: str) -> int:
    """十二 is 12, 百二十 is 120, 一二〇 is 120."""
    if all(sign in DIGITS for sign in text):
        return int("".join(str(DIGITS[sign]) for sign in text))
    total, last = 0, 0
    for sign in text:
        total += 0 if sign in DIGITS else (last or 1) * TENS[sign]
        last = DIGITS.get(sign, 0)
    return total + last
