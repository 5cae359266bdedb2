"""The sections of report.html that ``page.js`` fills, by the ids that it looks for."""

from __future__ import annotations

CONTROLS = """
<noscript><p class="bad">The charts of this page need JavaScript; table.md and results.csv beside it
hold the same numbers.</p></noscript>
<form class="controls" aria-label="What is shown" onsubmit="return false">
<label>Metric <select id="metric"></select></label>
<label>Per <select id="unit"></select></label>
<label>Test set <select id="set"></select></label>
<label>Against <select id="baseline"></select></label>
<label>Rows <input id="filter" type="search" placeholder="filter, e.g. db -focal ( / )"></label>
<label class="check"><input id="floors" type="checkbox" checked> floors</label>
<button id="theme" type="button">theme: auto</button>
</form>
"""

ANSWER = """
<div id="verdict" class="tiles" aria-live="polite"></div>
<p id="resolution" class="lead"></p>
<div class="pair wide-left">
<figure><h3>Differences in <span class="metric"></span></h3><div id="differences"></div>
<figcaption><i class="key better"></i> decidedly better <i class="key worse"></i> decidedly worse
<i class="key open"></i> not decided (p adjusted by Holm, 5 %); ◆ the baseline; bar: 95 % interval,
not adjusted; shade: equivalent in practice; dashed: what can be resolved.
<span id="how"></span></figcaption></figure>
<figure><h3><span class="metric"></span> against cost
<label class="inline">in <select id="measure"></select></label></h3><div id="cost"></div>
<figcaption>Filled: no other row is both cheaper and as good. Bar: ± standard deviation over runs.
</figcaption></figure>
</div>
"""

TABLE = """
<figure><div id="table" class="scroll" tabindex="0"></div>
<figcaption><span id="table-caption"></span> Bold: its lead over every other row is decided. A click
on a heading sorts; ticked rows are drawn in the curves below. <span id="about-metric"></span>
{cost}</figcaption>
<ul id="table-notes" class="notes"></ul><div class="notes">{seen}</div></figure>
"""

PLACES = """
<figure><div id="place-spans"></div>
<figcaption>The places each row can have in <span class="metric"></span> (<span class="direction">
</span>), from tests of all pairs with Holm's correction. Rows whose order is not decided share
places; dark: may be first.</figcaption></figure>
"""

CURVES = """
<p class="chosen"></p>
<div class="triple">
<figure><h3>Are the probabilities true?</h3><div id="reliability"></div>
<figcaption>All labels together; bars: Wilson's 95 % interval. <span id="calibration-error"></span>
</figcaption></figure>
<figure><h3>What a threshold does</h3><div id="thresholds"></div>
<figcaption>One threshold for all labels; dot: the best on these test rows, which is no honest
choice of one; dashed: 0.5.</figcaption></figure>
<figure><h3>Precision and recall <label class="inline">of <select id="label"></select></label></h3>
<div id="precision"></div><figcaption>Precision at the highest threshold that reaches each recall;
not interpolated.</figcaption></figure>
</div>
<p class="soft">Of the test rows of each row's first seed, all folds together (of the first official
test set where there are no folds).</p>
"""

LEARNING = """
<p class="chosen"></p>
<div class="pair">
<figure><h3>Validation mAP</h3><div id="validation"></div>
<figcaption>A line per run.</figcaption></figure>
<figure><h3>Training loss</h3><div id="loss"></div>
<figcaption>Losses of different methods are different quantities: compare shapes, not heights.
</figcaption></figure>
</div>
"""

DIVISION = """
<p><label>Division <select id="division"></select></label></p>
<div class="pair">
<figure><h3>Before: labels that occur together</h3><div id="before"></div></figure>
<figure><h3>After: within the subsets</h3><div id="after"></div></figure>
</div>
<p class="soft">Shade: samples with both labels as a share of those with the rarer one, among the
test rows. Labels are ordered by subset (colour of the diagonal; grey: in none); pairs of different
subsets meet in no teacher's training.</p>
"""

TEACHERS = """
<figure><div id="teachers"></div><figcaption>Per label: a plain training (hollow) and its teacher
(filled) on the same validation rows, mean over folds and seeds; in brackets: positives among them.
A teacher that ranks a label worse cannot help the student there. With few positives this is noise.
</figcaption></figure>
"""


def labels_part(shots: str) -> str:
    """Head, medium and tail, and the heat map.

    Args:
        shots: which labels are head, medium and tail (HTML).
    """
    return f"""
<figure><h3>Head, medium and tail: <span class="of-labels"></span></h3><div id="shots"></div>
<figcaption><i class="key head"></i> head <i class="key medium"></i> medium
<i class="key tail"></i> tail <details><summary>which labels</summary>{shots}</details></figcaption>
</figure>
<figure><h3>Each label: <span class="of-labels"></span>
<label class="inline">show <select id="heat-mode"></select></label></h3>
<div id="heat" class="scroll" tabindex="0"></div>
<figcaption id="heat-caption"></figcaption></figure>
"""
