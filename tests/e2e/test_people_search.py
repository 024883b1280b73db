"""People are found by any part of their names, whatever the index of names knows already."""

import time

NAMES = ("Nina Wagner", "Gül Ünal", "Ida Weiß", "Bo", "Åsa Öberg")
WORDS = ("nina", "i", "wa", "ß", "ünal", "ÜNAL", "nina wagner", "wagner nina", "n.4", "@example.test", "zzz", "wagner.3@exa", "wagner nobody", "öber", "100%", "_")


def everybody(server):
    return server.get("core/users/", page_size=1000)["results"]


def agree(server):
    """Holds the search against every row."""
    people = everybody(server)
    assert server.get("core/users/", page_size=1)["pagination"]["count"] == len(people)
    for words in WORDS:
        searched = lambda one: "\n".join((one["username"], one["name"], one["email"])).lower()
        meant = sorted(one["pk"] for one in people if all(word in searched(one) for word in words.lower().split()))
        found = server.get("core/users/", search=words, page_size=1000)
        assert sorted(one["pk"] for one in found["results"]) == meant, words
        assert found["pagination"]["count"] == len(meant), words
        assert server.get("core/users/", search=words, page_size=1)["pagination"]["count"] == len(meant), words


def test_everybody_is_found_by_every_part_of_a_name_however_they_came_and_changed(server):
    agree(server)
    made = []
    for number in range(150):
        name = NAMES[number % len(NAMES)]
        username = f"{name.lower().replace(' ', '.')}.{number}"
        made.append(server.create("core/users/", username=username, name=name, email=f"{username.encode('ascii', 'ignore').decode()}@example.test")["pk"])
        if number == 20:
            agree(server)
    agree(server)
    # More than wait for it are put into the index every two seconds.
    time.sleep(5)
    agree(server)
    server.patch(f"core/users/{made[0]}/", name="Wanda Neu")
    server.patch(f"core/users/{made[5]}/", username="renamed.4", email="renamed@example.test")
    server.api("DELETE", f"core/users/{made[10]}/", 204)
    agree(server)
    server.restart()
    agree(server)
