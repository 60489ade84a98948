"""The nouns that the tiny model knows: what kind of thing each is, and other words for it. Data only.

A name is also the file name of its drawings in assets/sprites, with _ for spaces. A word means one thing only.
"""

from typing import NamedTuple


class Noun(NamedTuple):
    """kind: "character" (has a face that hats and glasses fit), "ride", "wear" or "object"; and other words for it."""

    kind: str
    synonyms: tuple[str, ...]


# One noun a line, its synonyms after the colon.
CHARACTERS = """
fox: vixen
cat: kitten, kitty, kitty cat
dog: puppy, doggy, hound
rabbit: bunny, hare
bear: brown bear, grizzly
panda: panda bear
koala: koala bear
tiger
lion
cow: calf
pig: piglet, hog
frog: toad
monkey: ape, chimp
mouse
hamster: guinea pig
wolf
raccoon: racoon
unicorn
owl
penguin
chicken: hen
zebra
robot: android
alien: extraterrestrial
ghost: spirit, phantom
clown: jester
skull: skeleton
astronaut: spaceman, cosmonaut
firefighter: fireman
cook: chef
pilot: aviator
farmer: gardener
doctor: nurse, physician
artist: painter
wizard: magician, sorcerer, witch
ninja
polar bear: white bear
boar: wild boar
moose: elk
chick: baby chicken
baby: infant
boy
girl
man: guy
woman: lady
old man: grandfather, grandpa
old woman: grandmother, grandma, granny
bearded man: man with a beard, beard
police officer: policeman, cop
guard: royal guard, soldier
builder: construction worker, workman
detective: spy, sleuth
prince: king
princess: queen
santa: santa claus, father christmas
vampire: dracula
zombie
elf
fairy: pixie
mermaid
genie: djinn
superhero: hero
angel: cherub
teacher: professor
student: graduate
mechanic: plumber
scientist: chemist
singer: rock star
troll
ogre: demon
devil: imp
smiley face: smiley, happy face, face
cowboy
monster: space invader
sun face: sun with a face
gorilla
bat: vampire bat
"""

RIDES = """
skateboard
bicycle: bike
scooter: kick scooter
boat: sailboat, sailing boat, yacht
rocket: spaceship, rocket ship
horse: pony, stallion
elephant
whale
turtle: tortoise, sea turtle
car: automobile
motorcycle: motorbike
tractor
airplane: plane, aeroplane, jet, aircraft
ambulance
bus: school bus, coach
camel
canoe: kayak
crocodile: alligator
cruise ship: ocean liner
dolphin: porpoise
dragon
fire truck: fire engine, firetruck
flying saucer: ufo
giraffe
helicopter: chopper
pickup truck: pickup
police car: cop car
rhinoceros: rhino
sheep: lamb, ewe
speedboat: motorboat
train: steam train, locomotive
truck: delivery truck
van: minibus, minivan
hippopotamus: hippo
sauropod: brontosaurus, long-necked dinosaur
t-rex: tyrannosaurus, dinosaur
llama: alpaca
goat
ram
ox: bull
buffalo: water buffalo
mammoth: woolly mammoth
deer: stag, reindeer
bison
leopard: cheetah, jaguar
donkey: mule
taxi: cab
race car: racing car, formula one car
tram: streetcar, trolley
motor scooter: moped
jeep: suv
ship: steamship
wheelchair
auto rickshaw: tuk tuk
bullet train: high-speed train
submarine
hot air balloon
bulldozer: digger
aircraft carrier: warship, battleship
"""

WEARS = """
sunglasses: shades, dark glasses
glasses: eyeglasses, spectacles
top hat: hat
crown
graduation cap: mortarboard
cap: baseball cap
helmet: hard hat
bow: ribbon, hair bow
headphones: headset
straw hat: sun hat
army helmet: military helmet
goggles: ski goggles
diving mask: snorkel, scuba mask
party hat: birthday hat
witch hat: pointed hat, wizard hat
cowboy hat: western hat
santa hat: christmas hat
beanie: bobble hat, woolly hat
pirate hat: tricorn
fez
viking helmet: horned helmet
"""

OBJECTS = """
pizza: slice of pizza
castle: fortress, palace
mushroom: toadstool
cactus
star
fish
banana
umbrella: parasol
apple
lemon
strawberry
burger: hamburger, cheeseburger
donut: doughnut
cake: birthday cake
ice cream: ice cream cone
coffee: coffee cup, cup of coffee, mug
balloon
guitar: electric guitar
football: soccer ball, soccer
basketball
house: home, cottage
tree: oak
sunflower
rose
tulip
heart: love heart
clock: wall clock
book
camera
key
gift: present
bell
drum: drums, snare drum
light bulb: bulb
cherry
watermelon
carrot
tomato
snowman
teddy bear: teddy, teddy-bear
butterfly
bee: honeybee, bumblebee
snail
crab
octopus
duck: mallard
chair: seat
trumpet
moon: crescent moon, crescent
pear
grapes: bunch of grapes
avocado
cheese
cookie: biscuit
lollipop: lolly
television: tv
telephone: phone
diamond: gem, jewel
trophy: cup trophy
backpack: rucksack, school bag
shoe: sneaker, trainer, running shoe
pumpkin: jack-o-lantern
alarm clock
ant
arm: biceps, muscle
axe: hatchet
baseball
bandage: plaster
basket: wicker basket
bathtub: bath
bed
bird: bluebird
blueberry: bilberry
boomerang
brain
bread: loaf, loaf of bread
broccoli
broom: broomstick
bucket: pail
calendar
candle
church: chapel
cloud
compass
computer: desktop computer
couch: sofa
crayon
cup: soft drink, soda, cup with straw
door
ear
envelope: letter
eye
fan: hand fan
feather: quill
finger: pointing finger
flamingo
flashlight: torch
flip flops: flip-flop, thong sandal
flower: daisy
foot
fork and knife: cutlery
frying pan: skillet
hammer
hand
hedgehog
hockey stick: ice hockey
hospital: clinic
hot dog
hourglass: sand timer
house plant: potted plant
hurricane: cyclone, whirlpool
jacket: coat
kangaroo
keyboard
knife
ladder
lantern: paper lantern
laptop: notebook computer
leaf: maple leaf
leg
lightning: lightning bolt, thunderbolt
lipstick
lobster
mailbox: letterbox
map: world map
megaphone: loudspeaker
microphone: mic
cell phone: smartphone, mobile phone
mosquito
mountain: peak
mouth: lips
nose
onion
paintbrush
palm tree: palm
pants: jeans, trousers
paper clip: paperclip
parrot: macaw
peanut
peas: pea pod
pencil
piano: grand piano
picture frame: painting
pineapple
potato
purse: clutch bag, coin purse
radio
rainbow
roller skate: rollerskates, roller skates
sandwich
saw: handsaw
saxophone: sax
scissors
scorpion
screwdriver
shark
shorts: swimming trunks
skyscraper: office building, tower block
snake: serpent
snowflake
sock: stocking
spider: tarantula
spoon
squirrel: chipmunk
steak: meat
stethoscope
stop sign
suitcase: luggage
sun: sunshine
swan
sword: dagger
syringe: injection
teapot
tennis racket: tennis racquet, racket
tent: camping tent
tower: radio tower, lattice tower
toilet: lavatory
tooth
toothbrush
tornado: twister
traffic light: stoplight
t-shirt: tee shirt, polo shirt
underwear: underpants, briefs
vase: amphora, urn
violin: fiddle
wheel: tyre, tire
champagne: sparkling wine
wine glass: glass of wine, red wine
wristwatch: watch
yoga: meditation
roller coaster
chart: bar chart, graph
parachute: parachutist
orange: tangerine, clementine
peach: apricot
mango
melon: honeydew
coconut
kiwi: kiwi fruit
eggplant: aubergine
corn: maize, sweetcorn
pepper: chili, chili pepper
bell pepper: capsicum
cucumber: pickle, gherkin
garlic
ginger
olive
chestnut
salad
croissant
baguette: french bread
pretzel
bagel
pancakes: pancake
waffle
bacon
drumstick: chicken leg
french fries: fries, chips
taco
burrito: wrap
egg
popcorn
butter
salt: salt shaker
rice: bowl of rice
noodles: ramen
spaghetti: pasta
sushi
shrimp: prawn
dumpling: gyoza
fortune cookie
pie
shortcake: slice of cake
cupcake: muffin
chocolate: chocolate bar
candy: sweet, toffee
honey: honey pot
milk: glass of milk
baby bottle
tea: green tea, cup of tea
beer: pint
cocktail: martini
juice: juice box
ice cube: ice
chopsticks
soup: stew, pot of food
eagle: hawk
turkey
rooster: cockerel
peacock
dove: pigeon
goose
beetle: scarab
ladybug: ladybird
cricket: grasshopper
cockroach: roach
fly: housefly
worm: earthworm
caterpillar: centipede
spider web: cobweb, spiderweb
shell: seashell
squid
jellyfish
seal: sea lion
otter
beaver
skunk
badger
sloth
lizard: gecko
puffer fish: blowfish
tropical fish: clownfish
rat
poodle
paw prints: paw print
bone
christmas tree: xmas tree
pine tree: fir, evergreen
blossom: cherry blossom
hibiscus
bouquet: bunch of flowers
four-leaf clover: clover, shamrock
seedling: sprout
wheat: ear of rice
globe: earth
planet: saturn
comet: meteor
fire: flame
drop: droplet, raindrop
wave: ocean wave
volcano
full moon
rock: stone, boulder
wood: log
nest: bird's nest
firecracker: dynamite
party popper: confetti
medal: gold medal
dice: die
chess pawn: pawn
jigsaw: puzzle piece
kite
yo-yo
magic wand: wand
crystal ball
joystick
gamepad: game controller
bowling: bowling pins
boxing glove
american football
volleyball
rugby ball
badminton: shuttlecock
golf flag: golf hole
bow and arrow: archery
fishing rod: fishing pole
target: bullseye
sled: sledge
ski: skis
ice skate
curling stone
artist palette: palette
mask: theatre masks
ticket
thread: spool of thread
yarn: ball of wool, wool
needle: sewing needle
dress: gown
kimono
shirt: necktie
glove: gloves
scarf
high heel: high-heeled shoe, stiletto
sandal
boot: boots
hiking boot
handbag
briefcase
ring: diamond ring, engagement ring
banjo
accordion
maracas: maraca
flute: recorder
musical note: music, music note
printer
computer mouse
floppy disk: diskette
cd: compact disc, dvd
film camera: movie camera
projector: film projector
magnifying glass: magnifier
telescope
microscope
satellite dish: antenna
battery
plug: electric plug
abacus
scroll: parchment
newspaper
money bag: bag of money
coin: gold coin
banknote: cash, dollar bill
package: parcel, cardboard box
pen: ballpoint pen
folder: file folder
pushpin: thumbtack
ruler
trash can: wastebasket, bin
lock: padlock
old key: antique key
pickaxe: pick
wrench: spanner
bolt: screw, nut and bolt
gear: cogwheel
chain: chains
hook: crane hook
toolbox
magnet: horseshoe magnet
test tube
dna: double helix
pill: capsule
thermometer
mirror: hand mirror
window
shower: shower head
razor
safety pin
toilet paper: toilet roll
soap: bar of soap
sponge
fire extinguisher
shopping cart: shopping trolley
gravestone: tombstone, headstone
moai: easter island statue
anchor
life ring: lifebuoy, ring buoy
fuel pump: petrol pump, gas pump
barrier: roadblock
statue of liberty
ferris wheel: big wheel
carousel horse: merry-go-round
barber pole
circus tent: big top, circus
fountain
stadium: arena
factory
bank
school: schoolhouse
japanese castle: pagoda
mosque: temple
hut
shield
crossed swords: swords
bomb
water pistol: water gun
flag
speech bubble: speech balloon
bubbles: soap bubbles
disco ball: mirror ball
pinata
nesting doll: matryoshka
poop: poo
footprints
bikini
lotus: water lily
tongue
thumbs up
cloud with rain: rain cloud
cloud with lightning: storm cloud, thunderstorm
clipboard
books: stack of books
warning sign: warning triangle
bellhop bell: service bell
stopwatch: timer
swimsuit: bathing suit
ballet shoes: ballet shoe
broken heart
circle: disc
square
triangle
hexagon
octagon
line: straight line
zigzag
squiggle: wavy line
fence: picket fence
hockey puck: puck
eraser: rubber
marker: felt-tip pen
microwave: microwave oven
oven
stove: cooker
dishwasher
washing machine: washer
fire hydrant: hydrant
barn
bench: park bench
fork
rake
shovel: spade
pliers: pincers
power outlet: socket, wall socket
postcard
popsicle: ice lolly
garden hose: hose
floor lamp: standing lamp
table lamp: lamp
ceiling fan
dresser: chest of drawers
sink: washbasin
streetlight: street lamp, lamppost
golf club
jail: prison
swing set: swing
see saw: seesaw, teeter-totter
diving board: springboard
water slide: waterslide
swimming pool: pool
pond
stereo: boombox
speaker
toothpaste
belt
bracelet: bangle
necklace: pendant
moustache: mustache
lighter
match: matches, matchstick
bottle cap: bottlecap
blackberry: bramble
asparagus
string bean: green bean, bean
bush: shrub
tuft of grass: blades of grass
bridge: suspension bridge
windmill
lighthouse
campfire: bonfire
cannon
anvil
calculator
chandelier
clarinet
cello
drill: power drill
dumbbell: barbell
fireplace: hearth
harp
nail
paint can: tin of paint
passport
pillow: cushion
remote control: remote
sleeping bag
stairs: staircase, steps
sweater: jumper, pullover
table: wooden table
toaster
trombone
wine bottle: bottle of wine
baseball bat
binoculars: field glasses
bow tie: bowtie
hot tub: jacuzzi
eiffel tower: the eiffel tower
great wall: the great wall of china, great wall of china
spreadsheet
garden: flower bed
tennis ball
igloo
pyramid
peace sign: peace symbol
cross: plus sign
arrow
diamond shape: rhombus
pentagon
oval: ellipse
spiral
picnic basket: hamper
stitches
cooler: cool box
xylophone
treasure chest: treasure
scarecrow
wheelbarrow
steering wheel
well
"""

# Worn on the line of the eyes; every other wear sits on top of the skull.
ON_EYES = ("sunglasses", "glasses", "headphones", "goggles", "diving mask")


def read(kind: str, lines: str) -> dict[str, Noun]:
    """The nouns of a text such as CHARACTERS."""
    split = (line.partition(":") for line in lines.strip().splitlines())
    return {name: Noun(kind, tuple(words.strip().split(", ")) if words else ()) for name, _, words in split}


NOUNS = {
    **read("character", CHARACTERS),
    **read("ride", RIDES),
    **read("wear", WEARS),
    **read("object", OBJECTS),
}

# Plurals that are not the word with an s, of names and of synonyms.
PLURALS = {
    "fox": "foxes", "kitty": "kitties", "puppy": "puppies", "doggy": "doggies", "bunny": "bunnies",
    "grizzly": "grizzlies", "calf": "calves", "mouse": "mice", "wolf": "wolves", "spaceman": "spacemen",
    "fireman": "firemen", "witch": "witches", "moose": "moose", "baby": "babies", "man": "men", "woman": "women",
    "lady": "ladies", "old man": "old men", "old woman": "old women", "granny": "grannies",
    "bearded man": "bearded men", "policeman": "policemen", "workman": "workmen", "spy": "spies",
    "princess": "princesses", "elf": "elves", "fairy": "fairies", "superhero": "superheroes", "hero": "heroes",
    "sun with a face": "suns with a face", "pony": "ponies", "aircraft": "aircraft", "bus": "buses",
    "school bus": "school buses", "coach": "coaches", "rhinoceros": "rhinoceroses", "sheep": "sheep",
    "minibus": "minibuses", "hippopotamus": "hippopotamuses", "brontosaurus": "brontosauruses", "t-rex": "t-rexes",
    "tyrannosaurus": "tyrannosauruses", "ox": "oxen", "buffalo": "buffaloes", "water buffalo": "water buffaloes",
    "deer": "deer", "reindeer": "reindeer", "bison": "bison", "sunglasses": "sunglasses", "shades": "shades",
    "dark glasses": "dark glasses", "glasses": "glasses", "eyeglasses": "eyeglasses", "spectacles": "spectacles",
    "headphones": "headphones", "goggles": "goggles", "ski goggles": "ski goggles", "fez": "fezzes",
    "slice of pizza": "slices of pizza", "fortress": "fortresses", "cactus": "cacti", "fish": "fish",
    "strawberry": "strawberries", "coffee": "coffee", "cup of coffee": "cups of coffee", "soccer": "soccer",
    "drums": "drums", "cherry": "cherries", "tomato": "tomatoes", "snowman": "snowmen", "teddy": "teddies",
    "butterfly": "butterflies", "octopus": "octopuses", "grapes": "grapes", "bunch of grapes": "bunches of grapes",
    "cheese": "cheese", "lolly": "lollies", "trophy": "trophies", "cup trophy": "cup trophies", "biceps": "biceps",
    "blueberry": "blueberries", "bilberry": "bilberries", "bread": "bread", "loaf": "loaves",
    "loaf of bread": "loaves of bread", "broccoli": "broccoli", "church": "churches", "compass": "compasses",
    "couch": "couches", "soda": "soda", "cup with straw": "cups with straw", "torch": "torches",
    "flip flops": "flip flops", "daisy": "daisies", "foot": "feet", "fork and knife": "forks and knives",
    "cutlery": "cutlery", "ice hockey": "ice hockey", "hourglass": "hourglasses", "knife": "knives",
    "leaf": "leaves", "maple leaf": "maple leaves", "lightning": "lightning", "mailbox": "mailboxes",
    "letterbox": "letterboxes", "mosquito": "mosquitoes", "lips": "lips", "paintbrush": "paintbrushes",
    "pants": "pants", "jeans": "jeans", "trousers": "trousers", "peas": "peas", "potato": "potatoes",
    "rollerskates": "rollerskates", "roller skates": "roller skates", "sandwich": "sandwiches", "sax": "saxes",
    "scissors": "scissors", "shorts": "shorts", "swimming trunks": "swimming trunks", "meat": "meat",
    "luggage": "luggage", "sunshine": "sunshine", "lavatory": "lavatories", "tooth": "teeth",
    "toothbrush": "toothbrushes", "tornado": "tornadoes", "underwear": "underwear", "underpants": "underpants",
    "briefs": "briefs", "champagne": "champagne", "sparkling wine": "sparkling wine", "wine glass": "wine glasses",
    "glass of wine": "glasses of wine", "red wine": "red wine", "wristwatch": "wristwatches", "watch": "watches",
    "yoga": "yoga", "meditation": "meditation", "peach": "peaches", "mango": "mangoes", "corn": "corn",
    "maize": "maize", "sweetcorn": "sweetcorn", "garlic": "garlic", "ginger": "ginger",
    "french bread": "french bread", "pancakes": "pancakes", "bacon": "bacon", "french fries": "french fries",
    "fries": "fries", "chips": "chips", "popcorn": "popcorn", "butter": "butter", "salt": "salt", "rice": "rice",
    "bowl of rice": "bowls of rice", "noodles": "noodles", "ramen": "ramen", "spaghetti": "spaghetti",
    "pasta": "pasta", "sushi": "sushi", "shrimp": "shrimp", "slice of cake": "slices of cake",
    "chocolate": "chocolate", "candy": "candy", "honey": "honey", "milk": "milk", "glass of milk": "glasses of milk",
    "tea": "tea", "green tea": "green tea", "cup of tea": "cups of tea", "beer": "beer", "juice": "juice",
    "juice box": "juice boxes", "ice": "ice", "chopsticks": "chopsticks", "soup": "soup", "stew": "stew",
    "pot of food": "pots of food", "goose": "geese", "cockroach": "cockroaches", "roach": "roaches", "fly": "flies",
    "housefly": "houseflies", "squid": "squid", "jellyfish": "jellyfish", "puffer fish": "puffer fish",
    "blowfish": "blowfish", "tropical fish": "tropical fish", "clownfish": "clownfish", "paw prints": "paw prints",
    "hibiscus": "hibiscuses", "bunch of flowers": "bunches of flowers", "wheat": "wheat",
    "ear of rice": "ears of rice", "fire": "fire", "volcano": "volcanoes", "wood": "wood", "dynamite": "dynamite",
    "confetti": "confetti", "dice": "dice", "die": "dice", "bowling": "bowling", "bowling pins": "bowling pins",
    "badminton": "badminton", "archery": "archery", "skis": "skis", "theatre masks": "theatre masks",
    "spool of thread": "spools of thread", "yarn": "yarn", "ball of wool": "balls of wool", "wool": "wool",
    "dress": "dresses", "gloves": "gloves", "scarf": "scarves", "boots": "boots", "maracas": "maracas",
    "music": "music", "computer mouse": "computer mice", "magnifying glass": "magnifying glasses",
    "satellite dish": "satellite dishes", "battery": "batteries", "abacus": "abacuses",
    "bag of money": "bags of money", "cash": "cash", "cardboard box": "cardboard boxes", "wrench": "wrenches",
    "chains": "chains", "toolbox": "toolboxes", "dna": "dna", "double helix": "double helixes",
    "toilet paper": "toilet paper", "soap": "soap", "bar of soap": "bars of soap", "circus": "circuses",
    "factory": "factories", "crossed swords": "crossed swords", "swords": "swords", "bubbles": "bubbles",
    "soap bubbles": "soap bubbles", "poop": "poop", "poo": "poo", "footprints": "footprints", "lotus": "lotuses",
    "water lily": "water lilies", "thumbs up": "thumbs up", "cloud with rain": "clouds with rain",
    "cloud with lightning": "clouds with lightning", "books": "books", "stack of books": "stacks of books",
    "stopwatch": "stopwatches", "ballet shoes": "ballet shoes", "bench": "benches", "park bench": "park benches",
    "pliers": "pliers", "pincers": "pincers", "ice lolly": "ice lollies", "chest of drawers": "chests of drawers",
    "boombox": "boomboxes", "toothpaste": "toothpaste", "match": "matches", "matches": "matches",
    "blackberry": "blackberries", "asparagus": "asparagus", "bush": "bushes", "tuft of grass": "tufts of grass",
    "blades of grass": "blades of grass", "tin of paint": "tins of paint", "stairs": "stairs", "steps": "steps",
    "bottle of wine": "bottles of wine", "binoculars": "binoculars", "field glasses": "field glasses",
    "cross": "crosses", "rhombus": "rhombuses", "stitches": "stitches", "cool box": "cool boxes",
    "treasure": "treasure", "man with a beard": "men with beards",
}  # fmt: skip

# Which noun draws a category of Google's Quick, Draw! game (its 345 categories).
QUICKDRAW = {
    "aircraft carrier": "aircraft carrier", "airplane": "airplane", "alarm clock": "alarm clock",
    "ambulance": "ambulance", "angel": "angel", "ant": "ant", "anvil": "anvil", "apple": "apple", "arm": "arm",
    "asparagus": "asparagus", "axe": "axe", "backpack": "backpack", "banana": "banana", "bandage": "bandage",
    "barn": "barn", "baseball": "baseball", "baseball bat": "baseball bat", "basket": "basket",
    "basketball": "basketball", "bat": "bat", "bathtub": "bathtub", "bear": "bear", "beard": "bearded man",
    "bed": "bed", "bee": "bee", "belt": "belt", "bench": "bench", "bicycle": "bicycle", "binoculars": "binoculars",
    "bird": "bird", "birthday cake": "cake", "blackberry": "blackberry", "blueberry": "blueberry", "book": "book",
    "boomerang": "boomerang", "bottlecap": "bottle cap", "bowtie": "bow tie", "bracelet": "bracelet",
    "brain": "brain", "bread": "bread", "bridge": "bridge", "broccoli": "broccoli", "broom": "broom",
    "bucket": "bucket", "bulldozer": "bulldozer", "bus": "bus", "bush": "bush", "butterfly": "butterfly",
    "cactus": "cactus", "cake": "cake", "calculator": "calculator", "calendar": "calendar", "camel": "camel",
    "camera": "camera", "campfire": "campfire", "candle": "candle", "cannon": "cannon", "canoe": "canoe",
    "car": "car", "carrot": "carrot", "castle": "castle", "cat": "cat", "ceiling fan": "ceiling fan",
    "cello": "cello", "cell phone": "cell phone", "chair": "chair", "chandelier": "chandelier", "church": "church",
    "circle": "circle", "clarinet": "clarinet", "clock": "clock", "cloud": "cloud", "coffee cup": "coffee",
    "compass": "compass", "computer": "computer", "cookie": "cookie", "cooler": "cooler", "couch": "couch",
    "cow": "cow", "crab": "crab", "crayon": "crayon", "crocodile": "crocodile", "crown": "crown",
    "cruise ship": "cruise ship", "cup": "cup", "diamond": "diamond", "dishwasher": "dishwasher",
    "diving board": "diving board", "dog": "dog", "dolphin": "dolphin", "donut": "donut", "door": "door",
    "dragon": "dragon", "dresser": "dresser", "drill": "drill", "drums": "drum", "duck": "duck",
    "dumbbell": "dumbbell", "ear": "ear", "elephant": "elephant", "envelope": "envelope", "eraser": "eraser",
    "eye": "eye", "eyeglasses": "glasses", "face": "smiley face", "fan": "fan", "feather": "feather",
    "fence": "fence", "finger": "finger", "fire hydrant": "fire hydrant", "fireplace": "fireplace",
    "firetruck": "fire truck", "fish": "fish", "flamingo": "flamingo", "flashlight": "flashlight",
    "flip flops": "flip flops", "floor lamp": "floor lamp", "flower": "flower", "flying saucer": "flying saucer",
    "foot": "foot", "fork": "fork", "frog": "frog", "frying pan": "frying pan", "garden": "garden",
    "garden hose": "garden hose", "giraffe": "giraffe", "golf club": "golf club", "grapes": "grapes",
    "grass": "tuft of grass", "guitar": "guitar", "hamburger": "burger", "hammer": "hammer", "hand": "hand",
    "harp": "harp", "hat": "top hat", "headphones": "headphones", "hedgehog": "hedgehog", "helicopter": "helicopter",
    "helmet": "helmet", "hexagon": "hexagon", "hockey puck": "hockey puck", "hockey stick": "hockey stick",
    "horse": "horse", "hospital": "hospital", "hot air balloon": "hot air balloon", "hot dog": "hot dog",
    "hot tub": "hot tub", "hourglass": "hourglass", "house": "house", "house plant": "house plant",
    "hurricane": "hurricane", "ice cream": "ice cream", "jacket": "jacket", "jail": "jail", "kangaroo": "kangaroo",
    "key": "key", "keyboard": "keyboard", "knife": "knife", "ladder": "ladder", "lantern": "lantern",
    "laptop": "laptop", "leaf": "leaf", "leg": "leg", "light bulb": "light bulb", "lighter": "lighter",
    "lighthouse": "lighthouse", "lightning": "lightning", "line": "line", "lion": "lion", "lipstick": "lipstick",
    "lobster": "lobster", "lollipop": "lollipop", "mailbox": "mailbox", "map": "map", "marker": "marker",
    "matches": "match", "megaphone": "megaphone", "mermaid": "mermaid", "microphone": "microphone",
    "microwave": "microwave", "monkey": "monkey", "moon": "moon", "mosquito": "mosquito", "motorbike": "motorcycle",
    "mountain": "mountain", "mouse": "mouse", "moustache": "moustache", "mouth": "mouth", "mug": "coffee",
    "mushroom": "mushroom", "nail": "nail", "necklace": "necklace", "nose": "nose", "octagon": "octagon",
    "octopus": "octopus", "onion": "onion", "oven": "oven", "owl": "owl", "paintbrush": "paintbrush",
    "paint can": "paint can", "palm tree": "palm tree", "panda": "panda", "pants": "pants",
    "paper clip": "paper clip", "parachute": "parachute", "parrot": "parrot", "passport": "passport",
    "peanut": "peanut", "pear": "pear", "peas": "peas", "pencil": "pencil", "penguin": "penguin", "piano": "piano",
    "pickup truck": "pickup truck", "picture frame": "picture frame", "pig": "pig", "pillow": "pillow",
    "pineapple": "pineapple", "pizza": "pizza", "pliers": "pliers", "police car": "police car", "pond": "pond",
    "pool": "swimming pool", "popsicle": "popsicle", "postcard": "postcard", "potato": "potato",
    "power outlet": "power outlet", "purse": "purse", "rabbit": "rabbit", "raccoon": "raccoon", "radio": "radio",
    "rain": "cloud with rain", "rainbow": "rainbow", "rake": "rake", "remote control": "remote control",
    "rhinoceros": "rhinoceros", "roller coaster": "roller coaster", "rollerskates": "roller skate",
    "sailboat": "boat", "sandwich": "sandwich", "saw": "saw", "saxophone": "saxophone", "school bus": "bus",
    "scissors": "scissors", "scorpion": "scorpion", "screwdriver": "screwdriver", "sea turtle": "turtle",
    "see saw": "see saw", "shark": "shark", "sheep": "sheep", "shoe": "shoe", "shorts": "shorts", "shovel": "shovel",
    "sink": "sink", "skateboard": "skateboard", "skull": "skull", "skyscraper": "skyscraper",
    "sleeping bag": "sleeping bag", "smiley face": "smiley face", "snail": "snail", "snake": "snake",
    "snorkel": "diving mask", "snowflake": "snowflake", "snowman": "snowman", "soccer ball": "football",
    "sock": "sock", "speedboat": "speedboat", "spider": "spider", "spoon": "spoon", "spreadsheet": "spreadsheet",
    "square": "square", "squiggle": "squiggle", "squirrel": "squirrel", "stairs": "stairs", "star": "star",
    "steak": "steak", "stereo": "stereo", "stethoscope": "stethoscope", "stitches": "stitches",
    "stop sign": "stop sign", "stove": "stove", "strawberry": "strawberry", "streetlight": "streetlight",
    "string bean": "string bean", "submarine": "submarine", "suitcase": "suitcase", "sun": "sun", "swan": "swan",
    "sweater": "sweater", "swing set": "swing set", "sword": "sword", "syringe": "syringe", "table": "table",
    "teapot": "teapot", "teddy-bear": "teddy bear", "telephone": "telephone", "television": "television",
    "tennis racquet": "tennis racket", "tent": "tent", "The Eiffel Tower": "eiffel tower",
    "The Great Wall of China": "great wall", "tiger": "tiger", "toaster": "toaster", "toilet": "toilet",
    "tooth": "tooth", "toothbrush": "toothbrush", "toothpaste": "toothpaste", "tornado": "tornado",
    "tractor": "tractor", "traffic light": "traffic light", "train": "train", "tree": "tree", "triangle": "triangle",
    "trombone": "trombone", "truck": "truck", "trumpet": "trumpet", "t-shirt": "t-shirt", "umbrella": "umbrella",
    "underwear": "underwear", "van": "van", "vase": "vase", "violin": "violin", "washing machine": "washing machine",
    "watermelon": "watermelon", "waterslide": "water slide", "whale": "whale", "wheel": "wheel",
    "windmill": "windmill", "wine bottle": "wine bottle", "wine glass": "wine glass", "wristwatch": "wristwatch",
    "yoga": "yoga", "zebra": "zebra", "zigzag": "zigzag",
}  # fmt: skip
