"""report.html of a made-up grid of 20 rows and 45 labels, in a real browser."""

import io
import json
import re
import time

import pytest
from browser import browser, show
from made_grid import NASTY, make_grid
from PIL import Image

from ltmlbench.report.folder import write_report


@pytest.fixture(scope="module")
def driver():
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def page(tmp_path_factory, driver):
    out = make_grid(tmp_path_factory.mktemp("grid"), rows=20, labels=45, folds=2, samples=120)
    write_report(out)
    return out / "report.html"


@pytest.fixture
def opened(driver, page):
    driver.get(page.as_uri())
    return driver


def texts(driver, selector):
    """What stands in the elements, asked for at once."""
    code = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent.trim())"
    return driver.execute_script(code, selector)


def names(driver):
    return texts(driver, "#table th.name label span")


def column(driver, key):
    heads = driver.find_elements("css selector", "#table thead button")
    place = [head.get_attribute("data-key") for head in heads].index(key)
    cells = texts(driver, f"#table tbody tr > :nth-child({place + 1})")
    return [float(cell.split(" ")[0]) for cell in cells if cell[:1].isdigit()]


def test_it_draws_everything_without_a_word_on_the_console(driver, page):
    driver.get_log("browser")
    start = time.monotonic()
    show(driver, page, 1440)
    assert time.monotonic() - start < 20
    assert [entry for entry in driver.get_log("browser") if entry["level"] != "INFO"] == []
    drawn = "differences cost place-spans shots reliability thresholds precision validation loss"
    for name in (*drawn.split(), "before", "after", "teachers"):
        assert driver.find_elements("css selector", f"#{name} svg"), name
    assert len(texts(driver, "#heat tbody tr")) == 45
    assert len(names(driver)) == 21


@pytest.mark.parametrize("rows", [1, 2])
def test_a_page_of_one_row_or_two_and_nothing_else_is_drawn_too(driver, tmp_path, rows):
    write_report(make_grid(tmp_path, rows=rows, labels=3, samples=60, stages=False))
    driver.get((tmp_path / "report.html").as_uri())
    assert [entry for entry in driver.get_log("browser") if entry["level"] != "INFO"] == []
    assert len(names(driver)) == rows + 1
    assert ("nothing to compare" in driver.find_element("id", "verdict").text) == (rows == 1)


@pytest.mark.parametrize(
    ("width", "theme"),
    [
        (390, "light"),
        (1440, "dark"),
        *(
            pytest.param(width, theme, marks=pytest.mark.slow)
            for width, theme in [(390, "dark"), (820, "light"), (820, "dark"), (1440, "light")]
        ),
    ],
)
def test_it_fits_into_its_window_in_both_themes(driver, page, width, theme):
    picture = Image.open(io.BytesIO(show(driver, page, width, theme))).convert("L")
    assert driver.execute_script("return document.documentElement.scrollWidth") == width
    assert (picture.getpixel((2, 300)) > 128) == (theme == "light")


def test_names_are_text_and_nothing_is_loaded(opened, page):
    assert NASTY in names(opened)
    assert opened.title != "1"
    assert not opened.find_elements("css selector", "#table img, #heat img, #verdict img")
    loaded = opened.execute_script("return performance.getEntriesByType('resource').length")
    assert loaded == 0


def test_a_heading_sorts_by_mouse_and_keyboard(opened):
    assert column(opened, "m:map") == sorted(column(opened, "m:map"), reverse=True)
    head = opened.find_element("css selector", '#table [data-key="c:minutes"]')
    opened.execute_script("arguments[0].click()", head)  # it may be scrolled out of sight
    assert column(opened, "c:minutes") == sorted(column(opened, "c:minutes"))
    focused = opened.switch_to.active_element
    assert focused.get_attribute("data-key") == "c:minutes"
    focused.send_keys("\ue007")  # enter
    assert column(opened, "c:minutes") == sorted(column(opened, "c:minutes"), reverse=True)
    sort = opened.find_element("css selector", "#table th[aria-sort]")
    assert sort.get_attribute("aria-sort") == "descending"


def test_the_filter_takes_words_and_leaves_some_out(opened):
    opened.find_element("css selector", "body").send_keys("/")
    field = opened.switch_to.active_element
    assert field.get_attribute("id") == "filter"
    field.send_keys("method-1 ib -method-11")
    assert len(names(opened)) == 9  # 1, 10 to 17 without 11, ib
    assert not any("method-2" in text for text in texts(opened, "#differences svg text"))
    field.send_keys("\ue00c")  # escape
    assert len(names(opened)) == 21


def test_metric_unit_and_baseline_change_the_answer(opened):
    said = opened.find_element("id", "resolution").text
    choose(opened, "metric", "macro_auc")
    changed = opened.find_element("id", "resolution").text
    assert "macro_auc" in changed
    assert changed != said
    choose(opened, "unit", "patient")
    assert opened.find_element("id", "resolution").text != changed
    rows = json.loads(opened.find_element("id", "data").get_attribute("textContent"))["rows"]
    other = next(i for i, row in enumerate(rows) if row["name"].startswith("method-3["))
    choose(opened, "baseline", str(other))
    svg = opened.find_element("id", "differences").get_attribute("textContent")
    assert "to method-3" in svg


def choose(driver, name, value):
    from selenium.webdriver.support.select import Select

    Select(driver.find_element("id", name)).select_by_value(value)


def test_ticked_rows_are_those_of_the_curves(opened):
    def chips():
        return texts(opened, "#part-probabilities .chosen button")

    before = chips()
    boxes = opened.find_elements("css selector", "#table tbody input")
    free = next(box for box in boxes if not box.is_selected())
    free.click()
    assert len(chips()) == len(before) + 1
    opened.find_element("css selector", ".chosen button").click()
    assert chips()[0] == before[1]


def test_differences_of_labels_are_shown_and_the_theme_is_kept(opened):
    choose(opened, "heat-mode", "difference")
    assert any(re.match(r"−\.\d\d$", text) for text in texts(opened, "#heat tbody td"))
    button = opened.find_element("id", "theme")
    for _ in range(2):
        button.click()
    assert opened.find_element("css selector", "html").get_attribute("data-theme") == "dark"
    opened.refresh()
    assert opened.find_element("css selector", "html").get_attribute("data-theme") == "dark"
    opened.execute_script("localStorage.clear()")
