"""Samples are proportional, seeded, and hardly moved by what is added."""

from slm_factory.core.sampling import left_out, quotas, sample, source_of


def test_quotas_are_proportional_and_add_up() -> None:
    assert quotas({"a": 50, "b": 30, "c": 20}, 10) == {"a": 5, "b": 3, "c": 2}
    assert quotas({"a": 1, "b": 1, "c": 1}, 2) == {"a": 1, "b": 1, "c": 0}
    assert quotas({"a": 98, "b": 1, "c": 1}, 10) == {"a": 10, "b": 0, "c": 0}
    assert quotas({"a": 2, "b": 1}, 9) == {"a": 2, "b": 1}


def test_a_sample_has_each_sources_share_and_depends_on_the_seed() -> None:
    sources = {
        f"{source}{number}": source for source, size in (("a", 60), ("b", 40)) for number in range(size)
    }
    drawn = sample(sources, 10, seed=1)
    assert sorted(identity[0] for identity in drawn) == ["a"] * 6 + ["b"] * 4
    assert drawn == sample(dict(reversed(sources.items())), 10, seed=1)
    assert drawn != sample(sources, 10, seed=2)


def test_what_is_added_takes_the_place_of_few() -> None:
    sources = {f"a{number}": "a" for number in range(200)}
    before = sample(sources, 100, seed=1)
    after = sample(sources | {f"b{number}": "b" for number in range(10)}, 100, seed=1)
    assert len(before - after) == 5
    assert {identity for identity in after if identity.startswith("a")} < before


def test_a_source_is_the_top_folder() -> None:
    assert [source_of(name) for name in ("law/tax/a.xml", "law/b.md", "c.md")] == ["law", "law", ""]


def test_what_is_left_out_is_counted_per_source() -> None:
    assert left_out(["a", "b", "a", "c"], ["a", "c"]) == {"a": 1, "b": 1}
