"""What the tiny model's world holds: names, their emoji, and where hats, glasses and riders go. Data only, no drawing.

Places on a sprite are fractions of its side, x from the left and y from the top.
"""

from typing import NamedTuple


class Face(NamedTuple):
    """Where a character's face is: its middle, the line of the eyes, the top of the skull, and how wide it is."""

    emoji: str
    x: float
    eyes: float
    top: float
    width: float


CHARACTERS = {
    "fox": Face("🦊", 0.50, 0.52, 0.27, 0.55),
    "cat": Face("🐱", 0.50, 0.52, 0.24, 0.60),
    "dog": Face("🐶", 0.50, 0.44, 0.16, 0.56),
    "rabbit": Face("🐰", 0.50, 0.62, 0.46, 0.40),
    "bear": Face("🐻", 0.50, 0.48, 0.18, 0.56),
    "panda": Face("🐼", 0.50, 0.52, 0.18, 0.58),
    "koala": Face("🐨", 0.50, 0.52, 0.24, 0.50),
    "tiger": Face("🐯", 0.50, 0.45, 0.12, 0.52),
    "lion": Face("🦁", 0.50, 0.50, 0.16, 0.42),
    "cow": Face("🐮", 0.50, 0.42, 0.16, 0.46),
    "pig": Face("🐷", 0.50, 0.46, 0.16, 0.58),
    "frog": Face("🐸", 0.50, 0.32, 0.16, 0.66),
    "monkey": Face("🐵", 0.50, 0.42, 0.14, 0.50),
    "mouse": Face("🐭", 0.50, 0.56, 0.28, 0.46),
    "hamster": Face("🐹", 0.50, 0.46, 0.20, 0.52),
    "wolf": Face("🐺", 0.50, 0.52, 0.24, 0.48),
    "raccoon": Face("🦝", 0.50, 0.52, 0.28, 0.54),
    "unicorn": Face("🦄", 0.36, 0.50, 0.27, 0.36),
    "owl": Face("🦉", 0.50, 0.32, 0.12, 0.46),
    "penguin": Face("🐧", 0.46, 0.22, 0.08, 0.36),
    "chicken": Face("🐔", 0.40, 0.45, 0.22, 0.36),
    "zebra": Face("🦓", 0.44, 0.40, 0.18, 0.44),
    "robot": Face("🤖", 0.50, 0.50, 0.30, 0.56),
    "alien": Face("👽", 0.50, 0.50, 0.12, 0.60),
    "ghost": Face("👻", 0.50, 0.34, 0.10, 0.44),
    "clown": Face("🤡", 0.50, 0.46, 0.12, 0.48),
    "skull": Face("💀", 0.50, 0.54, 0.18, 0.58),
    "astronaut": Face("🧑‍🚀", 0.50, 0.44, 0.08, 0.46),
    "firefighter": Face("🧑‍🚒", 0.50, 0.52, 0.10, 0.44),
    "cook": Face("🧑‍🍳", 0.47, 0.52, 0.12, 0.42),
    "pilot": Face("🧑‍✈️", 0.50, 0.48, 0.10, 0.44),
    "farmer": Face("🧑‍🌾", 0.44, 0.48, 0.14, 0.42),
    "doctor": Face("🧑‍⚕️", 0.50, 0.48, 0.12, 0.44),
    "artist": Face("🧑‍🎨", 0.46, 0.48, 0.12, 0.42),
    "wizard": Face("🧙", 0.50, 0.52, 0.10, 0.40),
    "ninja": Face("🥷", 0.50, 0.40, 0.12, 0.46),
}

OBJECTS = {
    "pizza": "🍕", "castle": "🏰", "mushroom": "🍄", "cactus": "🌵", "star": "⭐", "fish": "🐟", "banana": "🍌",
    "umbrella": "☂️", "apple": "🍎", "lemon": "🍋", "strawberry": "🍓", "burger": "🍔", "donut": "🍩", "cake": "🎂",
    "ice cream": "🍦", "coffee": "☕", "balloon": "🎈", "guitar": "🎸", "football": "⚽", "basketball": "🏀",
    "house": "🏠", "tree": "🌳", "sunflower": "🌻", "rose": "🌹", "tulip": "🌷", "heart": "❤️", "clock": "⏰",
    "book": "📕", "camera": "📷", "key": "🔑", "gift": "🎁", "bell": "🔔", "drum": "🥁", "light bulb": "💡",
    "cherry": "🍒", "watermelon": "🍉", "carrot": "🥕", "tomato": "🍅", "snowman": "⛄", "teddy bear": "🧸",
    "butterfly": "🦋", "bee": "🐝", "snail": "🐌", "crab": "🦀", "octopus": "🐙", "duck": "🦆", "chair": "🪑",
    "trumpet": "🎺", "moon": "🌙", "pear": "🍐", "grapes": "🍇", "avocado": "🥑", "cheese": "🧀", "cookie": "🍪",
    "lollipop": "🍭", "television": "📺", "telephone": "☎️", "diamond": "💎", "trophy": "🏆", "backpack": "🎒",
    "shoe": "👟", "pumpkin": "🎃",
}  # fmt: skip


class Ride(NamedTuple):
    """Something to ride or stand on, and where on it the rider's lower edge goes."""

    emoji: str
    x: float
    y: float


RIDES = {
    "skateboard": Ride("🛹", 0.50, 0.48),
    "bicycle": Ride("🚲", 0.48, 0.50),
    "scooter": Ride("🛴", 0.56, 0.62),
    "boat": Ride("⛵", 0.36, 0.66),
    "rocket": Ride("🚀", 0.46, 0.66),
    "horse": Ride("🐎", 0.52, 0.50),
    "elephant": Ride("🐘", 0.55, 0.42),
    "whale": Ride("🐳", 0.42, 0.54),
    "turtle": Ride("🐢", 0.58, 0.38),
    "car": Ride("🚗", 0.52, 0.40),
    "motorcycle": Ride("🏍️", 0.46, 0.48),
    "tractor": Ride("🚜", 0.52, 0.42),
}


class Wear(NamedTuple):
    """Something to wear: its width against the face, which line of the face it sits on, and which line of itself."""

    emoji: str
    width: float
    on: str
    at: float


WEARS = {
    "sunglasses": Wear("🕶️", 1.15, "eyes", 0.52),
    "glasses": Wear("👓", 1.15, "eyes", 0.52),
    "top hat": Wear("🎩", 1.05, "top", 0.80),
    "crown": Wear("👑", 0.95, "top", 0.82),
    "graduation cap": Wear("🎓", 1.15, "top", 0.70),
    "cap": Wear("🧢", 1.05, "top", 0.70),
    "helmet": Wear("⛑️", 1.10, "top", 0.66),
    "bow": Wear("🎀", 0.85, "top", 0.62),
    "headphones": Wear("🎧", 1.35, "eyes", 0.62),
    "straw hat": Wear("👒", 1.25, "top", 0.62),
}

# The shade that mid-grey becomes, sRGB.
COLOURS = {
    "red": (225, 30, 35),
    "orange": (255, 135, 20),
    "yellow": (250, 215, 30),
    "green": (60, 175, 60),
    "blue": (40, 110, 235),
    "purple": (135, 60, 200),
    "pink": (255, 110, 190),
    "brown": (130, 80, 45),
    "black": (48, 48, 54),
    "white": (238, 238, 242),
}

# Each place with the phrases that name it; the first is the one a short caption uses.
PLACES = {
    "plain": ("on white", "on a white background"),
    "grass": ("on the grass", "in a meadow", "in a field"),
    "beach": ("on the beach", "at the beach"),
    "snow": ("in the snow", "on the snow"),
    "space": ("in space", "in outer space"),
    "desert": ("in the desert",),
    "forest": ("in the forest", "in the woods"),
    "underwater": ("underwater", "under the sea"),
    "city": ("in the city", "in town"),
    "mountains": ("in the mountains",),
    "lake": ("by the lake", "at the lake", "on the water"),
    "room": ("in a room", "indoors"),
}
# When and in what weather, for the places that have a sky.
TIMES = {
    "day": ("by day", "in daylight"),
    "night": ("at night", "in the night", "under the moon"),
    "sunset": ("at sunset", "at dusk"),
    "rain": ("in the rain", "on a rainy day"),
}
OUTDOORS = ("grass", "beach", "snow", "desert", "forest", "city", "mountains", "lake")
SIZES = {"small": ("small", "little", "tiny"), "big": ("big", "large", "huge")}

SYNONYMS = {
    "rabbit": ("bunny",),
    "dog": ("puppy",),
    "cat": ("kitten", "kitty"),
    "astronaut": ("spaceman",),
    "cook": ("chef",),
    "wizard": ("magician",),
    "skull": ("skeleton",),
    "chicken": ("hen",),
    "burger": ("hamburger",),
    "football": ("soccer ball",),
    "gift": ("present",),
    "television": ("tv",),
    "telephone": ("phone",),
    "boat": ("sailboat",),
    "bicycle": ("bike",),
    "car": ("automobile",),
    "motorcycle": ("motorbike",),
    "rocket": ("spaceship",),
    "donut": ("doughnut",),
    "shoe": ("sneaker",),
    "glasses": ("spectacles",),
    "sunglasses": ("shades",),
    "top hat": ("hat",),
    "purple": ("violet",),
    "turtle": ("tortoise",),
    "diamond": ("gem",),
    "house": ("home",),
    "teddy bear": ("teddy",),
}

PLURALS = {
    "fox": "foxes",
    "mouse": "mice",
    "wolf": "wolves",
    "cherry": "cherries",
    "butterfly": "butterflies",
    "fish": "fish",
    "strawberry": "strawberries",
    "octopus": "octopuses",
    "tomato": "tomatoes",
    "trophy": "trophies",
    "cactus": "cacti",
    "pony": "ponies",
    "bunny": "bunnies",
    "puppy": "puppies",
    "kitty": "kitties",
}

SPRITES = {
    name: getattr(thing, "emoji", thing)
    for table in (CHARACTERS, OBJECTS, RIDES, WEARS)
    for name, thing in table.items()
}
