"""Write docs/layers.md and docs/attributes.md from the layer files: `scripts/catalogue_pages`."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from gis_sites.catalogue import Attribute, Catalogue, FieldSpec, Layer, Where, attributes_of, load_catalogue

DOCS = Path(__file__).parent.parent / "docs"
MADE = "This page is written by `scripts/catalogue_pages` from `layers/*.toml`. / Stronę tworzy skrypt z plików warstw."


def pages(catalogue: Catalogue) -> dict[str, str]:
    """The pages, by the name of their file."""
    return {"layers.md": _text(_layers(catalogue)), "attributes.md": _text(_attributes(catalogue))}


def _layers(catalogue: Catalogue) -> Iterator[str]:
    yield from ("# Layers / Warstwy", "", MADE, "")
    yield from _table(
        ("layer", "warstwa", "in English", "geometry", "public", "coverage", "attributes"),
        (
            (f"[`{one.name}`](#{one.name})", one.title.pl, one.title.en, one.geometry, one.public, one.coverage,
             len(one.attributes))
            for one in catalogue
        ),
    )  # fmt: skip
    for layer in catalogue:
        yield from _layer(layer)


def _layer(layer: Layer) -> Iterator[str]:
    key = "content" if layer.key == "content" else ", ".join(layer.key)
    yield from (f"## {layer.name}", "", f"{layer.title.pl} / {layer.title.en}", "")
    yield f"- Tables called / tabele o nazwie: {_words(layer.recognise.names)}"
    yield f"- Key / klucz: `{key}`; part / część: `{layer.part}`; coverage / zasięg: `{layer.coverage}`"
    if layer.rows.take:
        yield f"- Rows taken / brane wiersze: {_where(layer.rows.take)}"
    if layer.rows.valid:
        yield f"- Rows count / wiersze obowiązują: `{layer.rows.valid.start}` – `{layer.rows.valid.end}`"
    yield ""
    columns = ("field", "type", "unit", "public", "columns in files / kolumny w plikach", "codes / kody")
    yield from _table(columns, (_field(layer, name, field) for name, field in layer.fields.items()))
    if layer.net:
        yield from _net(layer)


def _field(layer: Layer, name: str, field: FieldSpec) -> tuple[object, ...]:
    labels = layer.labels.get(name, {})
    codes = [
        f"`{code}`" + (f" {labels[code].pl} / {labels[code].en}" if code in labels else "") for code in field.allowed
    ]
    shown = "; ".join(codes) or (f"table / tabela `{field.table}`" if field.table else "")
    required = " (required)" if field.required else ""
    return f"`{name}`", field.type + required, field.unit or "", _yes(field.public), _words(field.aliases), shown


def _net(layer: Layer) -> Iterator[str]:
    yield from ("### Net area / powierzchnia netto", "")
    yield from _table(
        ("step", "around", "surely lost, m", "perhaps, m", "holds", "reference", "confidence"),
        (
            (f"{step.title.pl} / {step.title.en}", f"`{rule.layer}` {_where(rule.where)}", _number(rule.sure_m),
             _number(rule.most_m), f"{rule.since or ''} – {rule.until or ''}", rule.reference, rule.confidence)
            for step in layer.net for rule in step.rules
        ),
    )  # fmt: skip


def _attributes(catalogue: Catalogue) -> Iterator[str]:
    yield from ("# Attributes / Cechy", "", MADE, "")
    yield "Requirements, exports and links hold these names and codes. / Stoją w wymaganiach i eksportach."
    yield ""
    for layer in catalogue:
        if layer.attributes:
            yield from (f"## {layer.name}", "", f"{layer.title.pl} / {layer.title.en}", "")
            columns = ("attribute", "cecha", "in English", "unit or kind", "public", "measure", "codes / kody")
            yield from _table(columns, map(_attribute, attributes_of(layer)))


def _attribute(one: Attribute) -> tuple[object, ...]:
    titles = [one.title(lang).partition(": ")[2] for lang in ("pl", "en")]
    codes = (f"`{code}` {one.label(code, 'pl')} / {one.label(code, 'en')}" for code in one.codes)
    public = _yes(one.public)
    return f"`{one.name}`", *titles, one.unit or one.kind, public, f"`{one.spec.measure}`", "; ".join(codes)


def _table(columns: Sequence[str], rows: Iterator[tuple[object, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|" + " --- |" * len(columns)
    for row in rows:
        yield re.sub(" +", " ", f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |")
    yield ""


def _words(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words) or "–"


def _where(where: Where) -> str:
    return "; ".join(
        f"`{name}` = {_words([str(code).lower() if isinstance(code, bool) else code for code in codes])}"
        for name, codes in where.items()
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _yes(value: bool) -> str:
    return "yes / tak" if value else "no / nie"


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    for name, text in pages(load_catalogue()).items():
        (DOCS / name).write_text(text, encoding="utf-8")
