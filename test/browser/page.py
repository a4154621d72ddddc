"""The worker's page as tests use it: what a person does there, and what they see."""
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 30


class Page:
    def __init__(self, browser, mux):
        self.browser = browser
        host, port = mux.address
        browser.get(f"{mux.scheme}://{host}:{port}/")
        self.wait("the events' connection", self.is_connected)

    def is_connected(self):
        return self.find("#link").get_attribute("data-state") == "connected"

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def wait(self, what, question):
        return WebDriverWait(self.browser, PATIENCE, 0.02).until(lambda _: question(), f"{what} did not come")

    def fill(self, name, value):
        """The form's own checks are stepped over: some tests ask for nonsense."""
        self.browser.execute_script(
            "const e = document.getElementById(arguments[0]); e.removeAttribute('max'); e.value = arguments[1]",
            name, str(value))

    def press(self, name):
        self.find(f"#{name}").click()

    def submit(self, **fields):
        for name, value in fields.items():
            self.fill(name, value)
        self.press("go")

    def cards(self):
        return self.browser.find_elements(By.CSS_SELECTOR, ".job")

    def wait_state(self, state, count=1):
        self.wait(f"{count} jobs in state {state}",
                  lambda: len(self.browser.find_elements(By.CSS_SELECTOR, f".job[data-state={state}]")) == count)

    def seen(self, what):
        """How many of "progress" or "previews" the newest card has shown."""
        cards = self.cards()
        return int(cards[0].get_attribute(f"data-{what}") or 0) if cards else 0

    def image_size(self, card, selector):
        """The decoded picture's own size, once it has one."""
        image = card.find_element(By.CSS_SELECTOR, selector)
        size = "return arguments[0].complete && [arguments[0].naturalWidth, arguments[0].naturalHeight]"

        def decoded():
            found = self.browser.execute_script(size, image)
            return found if found and found[0] else None

        return self.wait("a decoded image", decoded)

    def problem(self):
        return self.find("#problem").text

    def assert_no_errors(self):
        """Nothing in the console: a request that failed shows there, too."""
        wrong = [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]
        assert not wrong, wrong
