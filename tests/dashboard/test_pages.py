"""What the pages show and change, by requests to a real server."""

import html
import json
import re
import socket

import pytest

from sturgeon.dashboard import watching
from sturgeon.dashboard.live_study import LiveStudy
from sturgeon.errors import StudyError
from sturgeon.space import Real, Space
from sturgeon.study import Study


def key_of(client):
    return re.search(r"/study/([0-9a-f]{12})", str(client.get("/").url) + client.get("/").text)[1]


def text_of(answer):
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text)))


def post(client, access, path, **form):
    return client.post(path, data={"token": access.token, **form})


def test_a_single_study_is_shown_at_once_and_a_folder_as_a_list(serve, study_file, tmp_path):
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "broken.study").write_bytes(b"no database")
    with serve(study_file) as (client, _):
        assert "trial 0" in text_of(client.get("/"))
    with serve(tmp_path) as (client, _):
        listed = text_of(client.get("/"))
        assert "a.study" in listed
        assert "12 complete" in listed
        assert "deeper/broken.study cannot be read" in listed.replace(" :", ":")


def test_every_page_says_what_it_is_about(serve, study_file):
    with serve(study_file) as (client, _):
        study = f"/study/{key_of(client)}"
        assert "1 waiting · 1 paused · 12 complete · 1 stopped early · 1 failed" in text_of(client.get(study))
        trial = text_of(client.get(f"{study}/trial/0"))
        assert "momentum 0.95" in trial
        assert "first" in trial
        assert "ValueError: no memory" in text_of(client.get(f"{study}/trial/13"))
        assert "Median rule: enough" in text_of(client.get(f"{study}/trial/12"))
        compared = text_of(client.get(f"{study}/compare?trial=0&trial=1"))
        assert compared.index("what differs") < compared.index("learning_rate")
        queue = client.get(f"{study}/queue").text
        assert 'value="0.01"' in queue  # of the best
        assert 'value="0.5"' in client.get(f"{study}/queue?from=15").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 16),
        ("state=complete", 12),
        ("state=stopped", 1),
        ("text=MEDIAN", 1),
        ("text=first", 1),
        ("min.learning_rate=0.0099&max.learning_rate=0.0101&is.optimizer=1", 1),
        ("min.hidden_units=51&max.hidden_units=50", 0),
        ("min.hidden_units=many&page=x", 16),
        ("min.hidden_units=nan", 16),
    ],
)
def test_trials_are_filtered_by_any_hyperparameter(serve, study_file, query, found):
    with serve(study_file) as (client, _):
        page = client.get(f"/study/{key_of(client)}/table?{query}")
        assert len(re.findall("<tr data-trial", page.text)) == found


def test_trials_are_sorted_and_the_best_come_first(serve, study_file):
    with serve(study_file) as (client, _):

        def numbers(query):
            page = client.get(f"/study/{key_of(client)}/table?{query}").text
            return [int(number) for number in re.findall('data-trial="(\\d+)"', page)]

        assert numbers("")[:3] == [0, 1, 2]
        assert numbers("sort=number&order=down")[:3] == [15, 14, 13]
        rates = numbers("sort=config.learning_rate")
        with Study.open(study_file) as study:
            values = [study.trial(number).config["learning_rate"] for number in rates]
        assert values == sorted(values)


def test_notes_tags_and_configurations_are_added(serve, study_file):
    with serve(study_file) as (client, access):
        study = f"/study/{key_of(client)}"
        said = post(client, access, f"{study}/trial/3/note", note="<b>look</b>\nagain")
        assert "The note was added" in text_of(said)
        assert "&lt;b&gt;look&lt;/b&gt;" in said.text
        post(client, access, f"{study}/trial/3/tags", tags="good, odd ,, good")
        form = {
            "value.learning_rate": "0.02",
            "value.hidden_units": "77",
            "value.optimizer": "0",
            "value.momentum": "0.95",
        }
        queued = post(client, access, f"{study}/queue", note="by hand", **form)
        assert "tried next" in text_of(queued)
        wrong = post(client, access, f"{study}/queue", **{**form, "value.hidden_units": "7.5"})
        assert wrong.status_code == 422
        assert "'hidden_units' must be a whole number; got '7.5'" in text_of(wrong)
        assert 'value="0.02"' in wrong.text  # what was typed stays
        outside = post(client, access, f"{study}/queue", **{**form, "value.hidden_units": "1000"})
        assert outside.status_code == 422
    with Study.open(study_file) as study:
        assert study.trial(3).notes == ("<b>look</b>\r\nagain",) or study.trial(3).notes == (
            "<b>look</b>\nagain",
        )
        assert study.trial(3).tags == ("good", "odd")
        assert study.trial(16).config == {"learning_rate": 0.02, "hidden_units": 77, "optimizer": "adam"}
        assert study.trial(16).state == "waiting"
        assert study.trial(16).notes == ("by hand",)
        assert len(study.trials) == 17


def test_requests_go_into_the_journal(serve, study_file):
    with serve(study_file) as (client, access), Study.open(study_file) as study:
        pages = f"/study/{key_of(client)}"
        assert "nothing to pause" in text_of(post(client, access, f"{pages}/request", action="pause"))
        assert study.journal.read() == []
        study.ask()  # now somebody works on it
        assert "asked to pause" in text_of(post(client, access, f"{pages}/request", action="pause"))
        post(client, access, f"{pages}/request", action="resume")
        post(client, access, f"{pages}/trial/14/stop", why="too slow")
        asked = [(one.body, one.trial) for one in study.journal.read(kind="request")]
        assert asked == [
            ({"action": "pause"}, None),
            ({"action": "resume"}, None),
            ({"action": "stop", "why": "too slow"}, 14),
        ]
        assert post(client, access, f"{pages}/trial/0/stop").status_code == 409
        assert post(client, access, f"{pages}/request", action="explode").status_code == 404


def test_a_change_without_the_token_or_from_elsewhere_is_refused(serve, study_file):
    with serve(study_file) as (client, access):
        path = f"/study/{key_of(client)}/trial/0/note"
        del client.headers["Authorization"]
        assert client.post(path, data={"note": "x"}).status_code == 403
        elsewhere = client.post(
            path, data={"note": "x", "token": access.token}, headers={"Origin": "http://evil.example"}
        )
        assert elsewhere.status_code == 403
    with Study.open(study_file) as study:
        assert study.trial(0).notes == ()


@pytest.mark.parametrize("number", ["16", "-1", "x", "1e3", "99999999999999999999", "%00"])
def test_a_trial_that_is_not_there_is_explained(serve, study_file, number):
    with serve(study_file) as (client, _):
        answer = client.get(f"/study/{key_of(client)}/trial/{number}")
        assert answer.status_code == 404
        assert "must be from 0 to 15" in text_of(answer)


def test_a_trial_that_was_deleted_is_gone_from_the_pages_and_the_others_stay(serve, study_file):
    with serve(study_file) as (client, access), Study.open(study_file) as study:
        pages = f"/study/{key_of(client)}"
        assert 'data-trial="2"' in client.get(f"{pages}?sort=number").text
        with client.stream("GET", f"{pages}/events?trial=2") as stream:
            news = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: "))
            assert next(news)["rows"]["2"]["state"] == "✓ complete"
            study.delete(2)
            assert next(one for one in news if one["rows"]["2"] == {"state": "deleted"})["change"]
        for _ in range(2):
            page = client.get(f"{pages}?sort=number")
            assert page.status_code == 200
            assert 'data-trial="2"' not in page.text
            assert 'data-trial="15"' in page.text
        gone = client.get(f"{pages}/trial/2")
        assert gone.status_code == 404
        assert "Trial 2 was deleted." in text_of(gone)
        assert "must be from 0 to 15" in text_of(client.get(f"{pages}/trial/16"))
        before = client.get(f"{pages}/trial/1").text
        assert re.search(r'trial/(\d+)" rel="next"', before)[1] == "3"
        assert "Trial 15" in text_of(client.get(f"{pages}/trial/15"))
        assert post(client, access, f"{pages}/trial/2/note", note="x").status_code == 404
        assert client.get(f"{pages}/queue?from=2").status_code == 200
        assert client.get(f"{pages}/compare?trial=1&trial=2&trial=15").status_code == 200
        assert client.get(f"{pages}/figure/timeline").status_code == 200
        assert client.get(f"{pages}/curves?trial=2&trial=3").status_code == 200


def test_an_open_page_hears_that_a_study_cannot_be_summed_up(study_file, monkeypatch):
    def fail(study, numbers):
        raise StudyError("a trial is gone")

    with Study.open(study_file) as study:
        study.ask()
    live = LiveStudy(study_file, "a")
    monkeypatch.setattr("sturgeon.dashboard.live_study.process_lives", fail)
    for news in (watching._look(live), watching._state_of(live)):
        assert str(news.lost) == "a trial is gone"
    monkeypatch.undo()
    assert watching._look(live).summary is not None
    live.close()


def test_a_study_that_vanishes_or_is_replaced_is_explained_and_comes_back(serve, study_file, tmp_path):
    with serve(study_file) as (client, _):
        pages = f"/study/{key_of(client)}"
        assert client.get(pages).status_code == 200
        aside = study_file.rename(tmp_path / "aside")
        for one in tmp_path.glob("a.study-*"):
            one.unlink()
        gone = client.get(pages)
        assert gone.status_code == 503
        assert "is gone" in text_of(gone)
        vietnamese = text_of(client.get(pages, headers={"Accept-Language": "vi"}))
        assert "không còn ở đó" in vietnamese
        assert "is gone" not in vietnamese
        study_file.write_text("something else")
        assert "not a study" in text_of(client.get(pages))
        aside.replace(study_file)
        assert client.get(pages).status_code == 200
        assert client.get("/study/000000000000").status_code == 404


def test_a_url_that_does_not_answer_is_explained(serve):
    pytest.importorskip("psycopg")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with serve(f"postgresql://somebody:secret@127.0.0.1:{port}/studies") as (client, _):
        answer = client.get("/")
        assert answer.status_code == 503
        assert "could not be reached" in text_of(answer)
        assert "secret" not in answer.text
        assert client.get("/static/dashboard.css").status_code == 200


def test_a_file_that_is_read_only_is_shown_and_changes_are_refused_in_words(serve, study_file, monkeypatch):
    from sturgeon.study.storage import sqlite

    # Whoever runs the tests may be allowed everything.
    monkeypatch.setattr(sqlite, "_may_write", lambda path: False)
    with serve(study_file) as (client, access):
        pages = f"/study/{key_of(client)}"
        assert "12 complete" in text_of(client.get(pages))
        answer = post(client, access, f"{pages}/trial/0/note", note="x")
        assert answer.status_code == 409
        assert "read-only" in text_of(answer)


@pytest.mark.parametrize(("language", "word"), [("en", "Trials"), ("vi", "Các lần thử"), ("zh", "试验")])
def test_the_reader_chooses_the_language(serve, study_file, language, word):
    with serve(study_file) as (client, _):
        page = client.get("/", headers={"Accept-Language": f"{language};q=0.9, fr"})
        assert f'<html lang="{language}">' in page.text
        assert word in text_of(page)
        chosen = client.get(f"/language/{language}?back=//evil.example")
        assert str(chosen.url).startswith(str(client.base_url))
        assert f'<html lang="{language}">' in client.get("/").text
    with serve(study_file, language=language) as (client, _):
        assert f'<html lang="{language}">' in client.get("/", headers={"Accept-Language": "fr"}).text


def test_pictures_are_sent_or_say_what_is_missing(serve, study_file):
    with serve(study_file) as (client, _):
        pages = f"/study/{key_of(client)}"
        assert client.get(f"{pages}/figure/slice").json()["figure"]["data"]
        assert "16 trials" in client.get(f"{pages}/figure/importance").json()["missing"]
        assert client.get(f"{pages}/figure/best_so_far?against=epochs").json()["figure"]["data"]
        assert "missing" in client.get(f"{pages}/figure/slice?hyperparameter=none").json()
        assert client.get(f"{pages}/figure/nothing").status_code == 404
        assert client.get(f"{pages}/curves?trial=0&metric=accuracy").json()["figure"]["data"]
        assert client.get(f"{pages}/curves?trial=14").json()["missing"]


def test_what_one_page_took_in_is_told_to_those_that_are_open(study_file):
    live = LiveStudy(study_file, "a")
    live.take_changes()
    with Study.open(study_file) as study:
        study.note(3, "changed")
        live.look()  # as a page does that is loaded meanwhile
        study.note(4, "changed")
    assert live.take_changes().trials == {3, 4}
    assert not live.take_changes()
    live.close()


def test_of_several_goals_the_page_has_a_column_each_and_counts_the_front(serve, tmp_path):
    place = tmp_path / "two.study"
    with Study.create(place, Space(x=Real(0.0, 1.0)), minimize=["loss", "<b>seconds"]) as study:
        for x, loss, seconds in ((0.1, 1.0, 3.0), (0.2, 2.0, 2.0), (0.3, 3.0, 3.5)):
            study.add({"x": x}, {"loss": loss, "<b>seconds": seconds})
    with serve(place) as (client, _):
        page = client.get("/")
        assert "2 trials that no other beats in all goals" in text_of(page)
        assert "<b>seconds" not in page.text
        assert page.text.index('value="pareto_front" selected') > 0
        by_time = client.get(f"/study/{key_of(client)}", params={"sort": "metric.<b>seconds", "order": "up"})
        assert re.findall(r'data-trial="(\d+)"', by_time.text) == ["1", "0", "2"]
        assert re.findall(r'data-cell="goal1">([^<]*)', by_time.text) == ["2", "3", "3.5"]


def test_without_a_value_no_link_leads_to_a_best_trial(serve, tmp_path):
    place = tmp_path / "empty.study"
    Study.create(place, Space(x=Real(0.0, 1.0)), minimize="loss").close()
    with serve(place) as (client, _):
        page = client.get("/").text
    assert "data-best hidden>" in page
    assert "/trial/0" not in page


def test_the_folder_of_a_result_shows_its_study_wherever_that_lies(serve, tmp_path):
    place = "postgresql://127.0.0.1:1/studies?study=wine"
    (tmp_path / "result.json").write_text(json.dumps({"study": place}))
    with serve(tmp_path) as (client, _):
        assert "could not be reached" in text_of(client.get("/"))
    Study.create(tmp_path / "tune.study", Space(x=Real(0.0, 1.0)), minimize="loss").close()
    with serve(tmp_path) as (client, _):
        assert "lowest loss" in text_of(client.get("/"))
