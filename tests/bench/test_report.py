"""Statistics, targets, texts and cohorts of tests/bench, without measuring anything."""
import os
import tempfile
import unittest

import bench
import cohorts
import networks
import report
import rows
from report import LESS, MORE
from sides import Sample


def samples(*seconds):
    return [Sample(value) for value in seconds]


def row(**settings):
    return rows.Row("name", "title", "images/s", "ours", "other", show=rows.rate(8), **settings)


class Arithmetic(unittest.TestCase):
    def test_ratio_of_pairs(self):
        # The medians, 2 and 20, give 10; the pairs 10, 5, 20, of which the median is 10 too, and
        # the spread is theirs.
        result = report.summary(row(must=8, aim=15), samples(1, 2, 2), samples(10, 10, 40))
        self.assertEqual(result["ratio"], {"median": 10, "least": 5, "greatest": 20})
        self.assertEqual(result["verdict"], "must")
        self.assertEqual(result["ours"]["shown"], "4.00")
        self.assertEqual(result["other"]["median"], 10)

    def test_ratio_of_pairs_is_not_that_of_medians(self):
        result = report.summary(row(), samples(1, 2, 4), samples(8, 10, 12))
        self.assertEqual(result["ratio"]["median"], 5)  # of 8, 5, 3
        self.assertEqual(result["ours"]["median"], 2)

    def test_share_of_the_cost(self):
        result = report.summary(row(better=LESS, must=0.5, aim=0.2), samples(1, 1, 1),
                                samples(10, 10, 5))
        self.assertEqual(result["ratio"]["median"], 0.1)
        self.assertEqual(result["verdict"], "aim")

    def test_fewer_rounds_of_the_plain_script(self):
        result = report.summary(row(), samples(1, 2, 3), samples(3, 4, 3), samples(10))
        self.assertEqual(result["ratio_plain"]["median"], 10)
        self.assertEqual(result["plain"]["shown"], "0.800")

    def test_verdicts(self):
        for ratio, better, expected in ((15, MORE, "aim"), (14.9, MORE, "must"), (8, MORE, "must"),
                                        (7.9, MORE, "missed"), (15, LESS, "missed"),
                                        (15, MORE, "aim"), (8, LESS, "must")):
            must, aim = (8, 15) if better == MORE else (8, 2)
            self.assertEqual(report.verdict(ratio, better, must, aim), expected)
        self.assertEqual(report.verdict(1, MORE, None, None), "-")
        self.assertEqual(report.verdict(0.2, LESS, None, 0.15), "missed")

    def test_without_a_peer(self):
        result = report.summary(row(must=8, aim=15), samples(1, 1.1, 0.9))
        self.assertEqual(result["verdict"], "-")
        self.assertEqual(report.cells(result)[3:7], ["-", "-", "-", "+-10 %"])

    def test_disturbed(self):
        result = report.summary(row(), [Sample(1, busy=0.5)], samples(2))
        self.assertTrue(report.cells(result)[-1].endswith("*"))

    def test_memory(self):
        result = report.summary(row(better=LESS, value="kib"), [Sample(1, kib=100)],
                                [Sample(9, kib=1000)])
        self.assertEqual(result["ratio"]["median"], 0.1)


class Texts(unittest.TestCase):
    def test_digits(self):
        self.assertEqual([report.digits(v) for v in (1234.4, 99.96, 99.94, 9.996, 1.5, 0.0994)],
                         ["1234", "100", "99.9", "10.0", "1.50", "0.099"])
        self.assertEqual(report.target(1.35, LESS), "<= 1.35")
        self.assertEqual(report.target(None, MORE), "-")

    def test_markers(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "page.md")
            with open(path, "w") as file:
                file.write("before\n<!-- table begins -->\nold\n<!-- table ends -->\nafter\n")
            report.write_between_markers(path, "table", "new")
            with open(path) as file:
                self.assertEqual(file.read(),
                                 "before\n<!-- table begins -->\nnew\n<!-- table ends -->\nafter\n")
            with open(path, "w") as file:
                file.write("nothing")
            self.assertRaises(ValueError, report.write_between_markers, path,
                              "table", "new")

    def test_page_has_its_markers(self):
        with open(os.path.join(bench.PROJECT, "docs", "performance.md")) as file:
            page = file.read()
        for name in ("table", "kernels"):
            self.assertEqual([page.count(mark % name) for mark in (report.BEGIN, report.END)],
                             [1, 1])

    def test_rows(self):
        names, prints = [], []
        for contest in rows.all_contests():
            for each in contest.rows:
                names.append(each.name)
                prints.append(each.show(1.0))
        self.assertEqual(len(names), len(set(names)))
        self.assertNotIn("", prints)

    def test_cores(self):
        allowed = sorted(os.sched_getaffinity(0))
        self.assertEqual(bench.core_list(None), allowed)
        self.assertEqual(bench.core_list(str(allowed[0])), allowed[:1])
        self.assertRaises(SystemExit, bench.core_list, "99999")


class Inputs(unittest.TestCase):
    def test_sweep(self):
        text = networks.sweep(["flatten", "dense: {units: 1}"], "a.h5", align__lambda=1,
                              train__batch=8, grid={"train.seed": "[1, 2]"})
        for line in ("  path: a.h5", "    - dense: {units: 1}", "align:", "  lambda: 1",
                     "  batch: 8", "    train.seed: [1, 2]"):
            self.assertIn(line + "\n", text)
        sections = [line for line in text.splitlines() if line[:1].isalpha()]
        self.assertEqual(len(sections), len(set(sections)))

    def test_disk(self):
        picture = cohorts.disk(11, 3, 5, 5)
        self.assertEqual([len(line) for line in picture], [11] * 11)
        for y, line in enumerate(picture):
            for x, value in enumerate(line):
                self.assertEqual(value > 0, (y - 5) ** 2 + (x - 5) ** 2 < 9, (y, x))


if __name__ == "__main__":
    unittest.main()
