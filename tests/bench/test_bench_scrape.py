from bench import scrape


def test_scrapes_of_each_format_are_timed(capsys):
    assert scrape.main(["--workers", "2", "--scrapes", "3"]) == 0
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [[cell.strip() for cell in row[1:3]] for row in rows] == [
        ["2", "text"],
        ["2", "OpenMetrics"],
    ]
    assert all(" ms (" in row[4] for row in rows)
