"""Me: how the screen looks and speaks, sync now, and everything that this tablet knows about its worker."""

from dataclasses import replace
from threading import Thread
from typing import Any

from kivy.clock import Clock
from kivy.properties import BooleanProperty, StringProperty

from mobile.core.views import Refusal
from mobile.ui.page import Page
from mobile.ui.widgets.rows import Fact
from mobile.ui.words import _


class Me(Page):
    language = StringProperty()
    sync_note = StringProperty()
    syncing = BooleanProperty(False)
    storage_note = StringProperty()
    storage_left = StringProperty()
    record_number = StringProperty()
    lock_note = StringProperty()

    place_in_rail = "me"

    def pour(self) -> None:
        super().pour()
        me = self.tablet.me()
        self.title, self.place = _("Me"), me.place
        self.language = self.tablet.settings.language
        self.sync_note, self.storage_note, self.storage_left = me.sync_note, me.storage_note, me.storage_left
        self.record_number, self.lock_note = me.record_number, self.tablet.lock_view.waiting
        self.fill("knows", me.knows, lambda: [Fact(name=f.name, words=f.words) for f in me.knows])

    def choose(self, **settings: Any) -> None:
        self.tablet.save_settings(replace(self.tablet.settings, **settings))
        self.house.rebuild()

    def sync(self) -> None:
        """One round with the office, on a thread of its own: the network may take long. Pressed again, it ends."""
        if self.tablet.link.state == "syncing":
            self.tablet.call_off()
            return
        self.syncing = True
        Thread(target=self._sync, name="sync-now", daemon=True).start()

    def _sync(self) -> None:
        try:
            said = self.tablet.sync_now().sentence
        except Refusal as refusal:
            said = str(refusal)
        Clock.schedule_once(lambda _: self._synced(said))

    def _synced(self, said: str) -> None:
        self.syncing = False
        self.house.refresh()
        self.house.say(said)
