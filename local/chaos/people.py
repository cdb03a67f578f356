"""Whom the load speaks of: made-up people, every datum of whom holds a word that may stand in no log."""

import hashlib
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Person:
    """One person, as an SDK's traits name one."""

    user: str
    email: str
    phone: str
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True)
class Crowd:
    """`size` people of one run, told apart from everybody else's by words that follow from its tag."""

    tag: str
    size: int

    def word(self, what: str) -> str:
        """Ten letters that stand in no other run."""
        digits = hashlib.sha256(f"{self.tag} {what}".encode()).hexdigest()[:10]
        return digits.translate(str.maketrans("0123456789", "ghijklmnop"))

    @property
    def area(self) -> str:
        """What every phone number begins with."""
        return "49" + str(int(hashlib.sha256(f"{self.tag} phone".encode()).hexdigest(), 16) % 10**6).zfill(6)

    def person(self, number: int) -> Person:
        """The same number is the same person."""
        user = f"{self.word('user')}-{number}"
        return Person(
            user=user,
            email=f"{self.word('mail')}.{number}@example.com",
            phone=f"+{self.area}{number:05d}",
            first_name=f"{self.word('first')}{number}",
            last_name=f"{self.word('last')}{number}",
        )

    def anybody(self, dice: Random) -> Person:
        """One of them."""
        return self.person(dice.randrange(self.size))

    def words(self) -> dict[str, str]:
        """What a log must not hold, by what it would give away."""
        names = {
            "a user id": "user",
            "an e-mail address": "mail",
            "a first name": "first",
            "a last name": "last",
            "a property's value": "note",
        }
        return {told: self.word(what) for told, what in names.items()} | {"a phone number": self.area}
