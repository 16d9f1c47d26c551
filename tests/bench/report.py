"""From samples to numbers, and from numbers to the table, in text, Markdown and JSON."""
import statistics

# What a row's ratio says, and on which side of its targets it is to lie.
MORE, LESS = "times as fast", "share of the cost"


def pair_ratios(ours, others, better):
    """One ratio a round, both of whose numbers were measured one after the other."""
    pairs = zip(ours, others)
    return [b / a if better == MORE else a / b for a, b in pairs]


def verdict(ratio, better, must, aim):
    """aim: as far as was hoped; must: as far as asked for; missed: less."""
    if must is None and aim is None:
        return "-"
    for name, target in (("aim", aim), ("must", must)):
        if target is not None and (ratio >= target if better == MORE else ratio <= target):
            return name
    return "missed"


def summary(row, ours, other=None, plain=None):
    """The numbers of a row from its samples, lists of Sample of the contest's rounds; `other` and
    `plain` may be missing."""
    result = {"name": row.name, "title": row.title, "unit": row.unit, "must": row.must,
              "aim": row.aim, "better": row.better, "against": row.against,
              "disturbed": False, "verdict": "-"}
    for key, samples in (("ours", ours), ("other", other), ("plain", plain)):
        if not samples:
            continue
        values = [getattr(sample, row.value) for sample in samples]
        result[key] = {"median": statistics.median(values), "least": min(values),
                       "greatest": max(values), "samples": values,
                       "shown": row.show(statistics.median(values))}
        if key != "plain" and min(sample.busy for sample in samples) < 0.9:
            result["disturbed"] = True
    for key, samples in (("ratio", other), ("ratio_plain", plain)):
        if not samples:
            continue
        ratios = pair_ratios([getattr(s, row.value) for s in ours],
                             [getattr(s, row.value) for s in samples], row.better)
        result[key] = {"median": statistics.median(ratios), "least": min(ratios),
                       "greatest": max(ratios)}
    if "ratio" in result:
        result["verdict"] = verdict(result["ratio"]["median"], row.better, row.must, row.aim)
    return result


def digits(value):
    """Three digits that count."""
    decimals = sum(value < bound for bound in (99.95, 9.995, 0.9995))
    return f"{value:.{decimals}f}"


def target(value, better):
    if value is None:
        return "-"
    return f">= {value:g}" if better == MORE else f"<= {value:g}"


HEADINGS = ["row", "unit", "ours", "peer", "plain", "ratio", "spread", "must", "aim", "verdict"]


def cells(result):
    """A row of the table as texts."""

    def shown(key):
        return result[key]["shown"] if key in result else "-"

    ratio, spread = "-", "-"
    if "ratio" in result:
        ratio = digits(result["ratio"]["median"])
        spread = f"{digits(result['ratio']['least'])}..{digits(result['ratio']['greatest'])}"
    elif "ours" in result:
        ends = sorted(result["ours"][end] for end in ("least", "greatest"))
        spread = f"+-{50 * (ends[1] - ends[0]) / result['ours']['median']:.0f} %"
    remark = result["verdict"] + (" *" if result["disturbed"] else "")
    must, aim = (target(result[key], result["better"]) for key in ("must", "aim"))
    return [result["title"], result["unit"], shown("ours"), shown("other"), shown("plain"), ratio,
            spread, must, aim, result.get("skipped", remark)]


def text_table(results):
    rows = [HEADINGS] + [cells(result) for result in results]
    widths = [max(len(row[k]) for row in rows) for k in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
             for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0])] + lines[1:])


NOTES = """\
ours, peer, plain: medians of the rounds; peer is what the row's name compares with, for rows that
name none the tuned PyTorch. ratio: median over rounds of the two numbers taken one after the other;
spread: least..greatest of them. ">= n": so many times as fast; "<= n": such a share of the cost.
* other programs took more than a tenth of a core meanwhile."""


def heading(machine):
    return (f"{machine['cpu']}, {machine['core_count']} cores, {machine['instruction_set']}; "
            f"{machine['date']}; load {machine['load']} at the start; {machine['peer']}; "
            f"commit {machine['commit']}")


def markdown(document):
    lines = [f"`{document['machine']['command']}`", "", heading(document["machine"]), "",
             "| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    for result in document["rows"]:
        row = [cell.replace("*", "\\*") for cell in cells(result)]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines + ["", NOTES.replace("* other", "\\* other")])


BEGIN, END = "<!-- %s begins -->", "<!-- %s ends -->"


def write_between_markers(path, name, text):
    """Replaces what lies between the two marker lines of a page."""
    begin, end = BEGIN % name, END % name
    with open(path) as file:
        page = file.read()
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise ValueError(f"{path}: the lines {begin} and {end} were not found once each")
    before, rest = page.split(begin)
    with open(path, "w") as file:
        file.write(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}")
