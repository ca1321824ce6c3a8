from __future__ import annotations

from daypass.server.board import SLOT, Board


def test_figures_of_all_workers_stand_side_by_side_under_one_heading() -> None:
    board = Board(2)
    board.requests = 3
    board.take(0)
    board.post("# TYPE daypass_x counter\ndaypass_x 1\n")
    board.take(1)
    board.requests = 4
    board.post("# TYPE daypass_x counter\ndaypass_x 2\n")
    lines = board.render().splitlines()
    assert lines.count("# TYPE daypass_x counter") == 1
    start = lines.index("# TYPE daypass_x counter")
    assert lines[start + 1 : start + 3] == ['daypass_x{worker="0"} 1', 'daypass_x{worker="1"} 2']
    assert 'daypass_requests_total{worker="0"} 3' in lines
    assert 'daypass_requests_total{worker="1"} 4' in lines


def test_labels_and_the_parts_of_a_histogram_stay_together() -> None:
    board = Board(1)
    board.take(0)
    board.post('# TYPE t histogram\nt_bucket{le="1"} 4\nt_sum 2.5\nt_count 4\nother{a="b c"} 1\n')
    text = board.render()
    assert '# TYPE t histogram\nt_bucket{le="1",worker="0"} 4\nt_sum{worker="0"} 2.5\nt_count{worker="0"} 4\n' in text
    assert 'other{a="b c",worker="0"} 1\n' in text


def test_too_many_figures_are_cut_between_two_lines() -> None:
    board = Board(1)
    board.take(0)
    board.post("figure_with_a_name 1\n" * SLOT)
    lines = board.render().splitlines()
    assert {line for line in lines if line.startswith("figure")} == {'figure_with_a_name{worker="0"} 1'}


def test_a_worker_that_takes_over_a_slot_replaces_what_is_there() -> None:
    board = Board(1)
    board.take(0)
    board.post("old 1\n" * 100)
    board.take(0)
    board.post("new 1\n")
    assert "old" not in board.render()
    assert "new" in board.render()
