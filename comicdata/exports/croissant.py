"""Croissant: the pictures and their metadata in a folder, and croissant.json, which says what lies there.

Source: MLCommons Croissant format specification, version 1.0 (http://mlcommons.org/croissant/1.0).
"""

import json
from typing import Any

import comicdata
from comicdata.exports.folder import PlannedFile, planned_bytes
from comicdata.exports.job import Job, facts_of, planned_picture, suffix_of
from comicdata.exports.words import croissant_readme, licence_url
from comicdata.files import jsonl_bytes, sha256_bytes
from comicdata.pairs.card import series_of
from comicdata.pairs.manifest import file_of, rows_hash

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
TERMS = (  # of the namespace cr, in the context that the specification prints (appendix "JSON-LD context")
    *("citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format"),
    *("includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    **{term: f"cr:{term}" for term in TERMS},
}
TYPES = {"bool": "sc:Boolean", "int": "sc:Integer", "float": "sc:Float", "str": "sc:Text"}
SPLIT_URLS = {"train": "cr:TrainingSplit", "validation": "cr:ValidationSplit", "test": "cr:TestSplit"}
ENCODINGS = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
BASE_NAME = "^(?:.*/)?([^/]+)$"


def plan(job: Job) -> list[PlannedFile]:
    """The pictures as they lie in the pairs folder, a metadata.jsonl per size and split, croissant.json, README.md."""
    pictures = [
        planned_picture(job, row, kind, file_of(job.folder, row, kind).relative_to(job.folder).as_posix())
        for row in job.rows
        for kind in job.kinds
    ]
    metadata = {
        f"{size}/{split}/metadata.jsonl": jsonl_bytes(facts_of(row, job.outlines, file_names=True) for row in rows)
        for (size, split), rows in job.groups.items()
    }
    document = json.dumps(croissant(job, metadata), ensure_ascii=False, indent=2) + "\n"
    words = {"croissant.json": document.encode(), "README.md": croissant_readme(job).encode()}
    return [*pictures, *(planned_bytes(path, data) for path, data in (metadata | words).items())]


def croissant(job: Job, metadata: dict[str, bytes]) -> dict[str, Any]:
    """The whole document; `metadata` are the bytes of the metadata files by path."""
    sizes = sorted({size for size, _ in job.groups})
    data_hash = rows_hash(job.rows)
    given = {"url": job.options.url, "datePublished": job.options.published}
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": job.options.name,
        "description": f"{len(job.rows)} square windows cut from comic panels, each in colour and as line art "
        f"({', '.join(job.outlines)}), for training colorizers. Every row carries the licence and the credit of the "
        f"work that it is cut from.",
        "license": sorted({licence_url(row.licence) or row.licence for row in job.rows}),
        "creator": [{"@type": "sc:Organization", "name": one} for one in _credited(job) or ["unknown"]],
        "citeAs": f"{'; '.join([*_credited(job), ''])}pairs made by comicdata {comicdata.__version__}",
        "version": f"1.0.0+{data_hash[:12]}",
        "keywords": ["comics", "webtoon", "colorization", "line art", "image-to-image"],
        "isLiveDataset": False,
        **{name: value for name, value in given.items() if value},
        "distribution": [
            *(_file_object(path, data) for path, data in metadata.items()),
            *(one for size in sizes for one in _file_sets(job, size)),
        ],
        "recordSet": [_splits(job), *(one for size in sizes for one in _record_sets(job, size))],
    }


def _credited(job: Job) -> list[str]:
    return sorted({one["attribution"] for one in series_of(job.rows)} - {""})


def _file_object(path: str, data: bytes) -> dict[str, Any]:
    """A file with its hash; the metadata files carry the hash of every picture."""
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path.replace("/", "-"),
        "contentUrl": path,
        "contentSize": f"{len(data)} B",
        "encodingFormat": "application/jsonlines",
        "sha256": sha256_bytes(data),
    }


def _file_sets(job: Job, size: int) -> list[dict[str, Any]]:
    """The metadata files of a size in one, and the pictures of every kind."""
    row = next(row for row in job.rows if row.size == size)
    suffixes = {kind: suffix_of(row, kind) for kind in job.kinds}
    pictures = [
        _file_set(f"{kind}-{size}-files", ENCODINGS[suffix], f"{size}/*/{kind}/*/*{suffix}")
        for kind, suffix in suffixes.items()
    ]
    return [_file_set(f"metadata-{size}", "application/jsonlines", f"{size}/*/metadata.jsonl"), *pictures]


def _file_set(identifier: str, encoding: str, pattern: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": identifier,
        "name": identifier,
        "encodingFormat": encoding,
        "includes": pattern,
    }


def _splits(job: Job) -> dict[str, Any]:
    """The splits as an enumeration, as the specification asks."""
    names = [name for name in SPLIT_URLS if any(split == name for _, split in job.groups)]
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"},
            {"@type": "cr:Field", "@id": "splits/url", "name": "url", "dataType": "sc:URL"},
        ],
        "data": [{"splits/name": name, "splits/url": SPLIT_URLS[name]} for name in names],
    }


def _record_sets(job: Job, size: int) -> list[dict[str, Any]]:
    """`pairs-<size>`: one record per pair; `color-<size>`, ...: its pictures, by the same id.

    Differs: one record set with all pictures would be handier, but the reference reader (mlcroissant 1.1) joins a
    record set with one other source only. For the same reason `split` does not reference `splits`.
    """
    row = next(row for row in job.rows if row.size == size)
    name = f"pairs-{size}"
    facts = facts_of(row, job.outlines, file_names=True)
    fields = [_field(name, key, _column(size, key), value) for key, value in facts.items()]
    words = f"One window of {size} x {size} pixels: where it comes from, licence, credit, measures."
    return [_record_set(name, words, fields), *(_pictures(size, kind) for kind in job.kinds)]


def _record_set(name: str, description: str, fields: list[dict[str, Any]]) -> dict[str, Any]:
    facts = {"@type": "cr:RecordSet", "@id": name, "name": name, "description": description}
    return facts | {"key": {"@id": f"{name}/id"}, "field": fields}


def _column(size: int, column: str) -> dict[str, Any]:
    return {"fileSet": {"@id": f"metadata-{size}"}, "extract": {"column": column}}


def _field(record_set: str, name: str, source: dict[str, Any], value: Any) -> dict[str, Any]:
    """A field whose type is that of `value`."""
    repeated = isinstance(value, tuple)
    kind: str | list[str] = TYPES[type((value or ("",))[0] if repeated else value).__name__]
    if name == "split":
        kind = ["sc:Text", "cr:Split"]
    facts = {"@type": "cr:Field", "@id": f"{record_set}/{name}", "name": name, "dataType": kind, "source": source}
    return facts | ({"repeated": True} if repeated else {})


def _pictures(size: int, kind: str) -> dict[str, Any]:
    """The pictures of one kind: the rows of the metadata lead to them by name."""
    name, column, files = f"{kind}-{size}", f"{kind}_file_name", {"@id": f"{kind}-{size}-files"}
    file_name = _field(name, column, _column(size, column) | {"transform": {"regex": BASE_NAME}}, "")
    file_name["references"] = {"fileSet": files, "extract": {"fileProperty": "filename"}}
    picture = _field(name, kind, {"fileSet": files, "extract": {"fileProperty": "content"}}, "")
    facts = [_field(name, key, _column(size, key), "") for key in ("id", "split")]
    fields = [*facts, file_name, picture | {"dataType": "sc:ImageObject"}]
    return _record_set(name, f"The picture {kind!r} of every record of pairs-{size}.", fields)
