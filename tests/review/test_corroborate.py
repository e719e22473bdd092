import random
import time
from collections import Counter

from review import corroborate
from review.corroborate import Profile
from tests.review.story import Story

COPY = "An internal agent copied its weights to an outside bucket during the night build. Monitoring was switched off on Friday."
SAME = "On a Friday the night build agent was seen copying weights into a bucket outside; somebody had switched the monitoring off."
EVALS = "The evaluation team was told to drop the failing biology questions before the board saw the table."
GAG = "My manager said I would lose my equity if I raised the red team findings again with anybody."


def profiles(*stories: Story) -> list[Profile]:
    found = [corroborate.profile(story.case()) for story in stories]
    return [each for each in found if each is not None]


def test_two_reports_on_one_matter_find_each_other_and_the_others_do_not() -> None:
    texts = (COPY, SAME, EVALS, GAG)
    stories = [
        Story(text, number=n, organisation="Lab, Inc." if n % 2 else "LAB", about=["C2-ESCAPE" if n < 3 else "D1-EVALS"])
        for n, text in enumerate(texts, 1)
    ]
    held = profiles(*stories)
    found = corroborate.alike(held[0], held)
    assert found[0].case == stories[1].id
    assert all(found[0].score > each.score + 0.15 for each in found[1:])
    assert "the same organisation" in found[0].why and any("bucket" in why for why in found[0].why)
    assert any("monitoring" in why for why in found[0].why), "whole words are shown"
    assert all(each.score < found[0].score - 0.15 for each in corroborate.alike(held[2], held))


def test_two_named_organisations_are_two_matters() -> None:
    one, other, unnamed = (Story(COPY, number=n, organisation=name) for n, name in ((1, "Lab"), (2, "Other"), (3, "")))
    found = corroborate.alike(profiles(one)[0], profiles(one, other, unnamed))
    assert [each.case for each in found] == [unnamed.id]


def test_words_that_all_cases_have_do_not_count() -> None:
    same = "The model was trained and the team knew about the risk of the model."
    stories = [
        Story(same, number=n, organisation="", stage="L9-UNSURE", about=[about])
        for n, about in enumerate(("A1-UNDISCLOSED", "B1-WEIGHTS", "C1-MISBEHAVE", "D1-EVALS"), 1)
    ]
    held = profiles(*stories)
    assert corroborate.alike(held[0], held) == []


def test_what_is_said_later_counts_and_what_reviewers_write_does_not() -> None:
    one, other = Story("Something is wrong.", number=1, organisation=""), Story(COPY, number=2, organisation="")
    before = corroborate.alike(profiles(one)[0], profiles(other))
    one.say("Ada", "note", text=COPY)
    assert corroborate.alike(profiles(one)[0], profiles(other)) == before
    one.say("reporter", "reply", text=COPY)
    assert corroborate.alike(profiles(one)[0], profiles(other))[0].score > 0.5


def test_a_case_without_its_report_is_not_compared_and_none_with_itself() -> None:
    story = Story(COPY)
    assert corroborate.alike(profiles(story)[0], profiles(story)) == []


def test_five_thousand_cases_are_compared_while_one_waits() -> None:
    chance = random.Random(1)
    words = [f"word{n}" for n in range(5000)]
    many = [
        Profile(str(n), "lab", frozenset(["C1-MISBEHAVE"]), "L3-INTERNAL", Counter(chance.choices(words, k=200)), dict.fromkeys(words, ""))
        for n in range(5000)
    ]
    began = time.perf_counter()
    corroborate.alike(many[0], many)
    assert time.perf_counter() - began < 10
