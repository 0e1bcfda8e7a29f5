"""Invented names and figures of the demonstration. No list is of real people; family names are made up."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN_WOMEN = _words(
    "Amara Anneke Aoife Asha Beatrix Bronwen Calla Chiara Chloris Damaris Delphine Dilys Eilidh Elspeth Esi Fenna "
    "Fumiko Georgette Gudrun Hadiza Halina Hanneke Imani Ingrid Iolanthe Jacintha Jorun Kamala Katarzyna Keiko "
    "Lavinia Leocadia Linnea Lucinda Mairi Marisol Meera Mirembe Nadira Nkechi Noor Odalys Oksana Paloma Petronella "
    "Quilla Rahel Renata Roswitha Sabela Saoirse Shirin Siobhan Solveig Svetla Tamsin Thandi Tove Umeko Valentina "
    "Wanjiru Xiomara Yasmin Yevgenia Zainab Zofia"
)

GIVEN_MEN = _words(
    "Abel Adebayo Alasdair Ambrose Anselm Arjun Balthasar Bao Bartosz Casimir Cedric Cormac Crispin Dariusz Desmond "
    "Dimitar Eamon Edmund Eero Emeka Enrique Farid Fergus Florian Gareth Giorgos Hamish Haruto Hector Hugo Ibrahim "
    "Isandro Jarek Jasper Joaquin Kofi Kwame Lachlan Laurens Leopold Ludovic Magnus Mateus Milos Nikhil Obinna Olaf "
    "Osvaldo Pascal Piotr Quentin Rafiq Rune Sandor Selim Stellan Tadeusz Tariq Teodor Ugo Vikram Wendel Xavier "
    "Yusuf Zoltan"
)

FAMILY = _words(
    "Adderholt Alderquay Amblecote Ashmarrow Bexwith Birchlow Brackenfold Briarmoor Bulverthorn Calderwick Cinderford "
    "Corvane Cressmoor Dallowmere Dapplewood Dunmarrow Elderfell Emberlow Eskridge-Poe Fallowmere Farrowby Fernlow "
    "Flintmarsh Foxquill Galbrook Gorsewick Greymantle Hadlowe Harbourne-Vale Hazelmarch Heronsgill Hollowbeck "
    "Ironquay Ivyholt Juniperson Kestrelby Kettlemere Larkmoor Lindenquist Lowmarsh Maplethorn Marlstone Mistlethwaite "
    "Nettlefold-Ray Nightwater Oakhollow Orrindale Otterbourn Palegrove Pebbleworth Quarrenden Quickthorn Ravenhythe "
    "Rowanlea Rushmantle Saltmarrow Sandquist Sedgemore Silverlock Stonequill Tallowby Tarnfield Thistlewood Underhay "
    "Vellacourt Wainscroft Wetherquay Whinmoor Willowmarch Yarrowby Yewdale Zephyrine "
    "Abioduna Adewumara Akintola-Bex Amadikwu Babatorin Chukwemeni Dembalo Ekunwari Fofandu Idowari Kabirunde "
    "Makandiro Nakimbewa Nwachukor Okondari Onyekara Sangorani Tembalani Uzomaka Wekesani "
    "Banerjolo Chandramoor Dasgupton Gopalani-Ray Iyengara Kulkarnesh Mehrotani Nairavan Patelkar Raghuvani "
    "Sengupara Thakurani Venkatesar "
    "Chenmoor Fukuzane Hoshigawa Ishinaga Kuronami Liangho Minagari Nguyenne Parksong Sakuratani Takemiyo Tranvale "
    "Wongmarch Xiaoren Yamazori "
    "Alcaron Baldomera Castilleda Delacruza Escalonde Figueroma Guadalen Herrandez-Poe Ibarrola Montezado Navarrino "
    "Ocampelo Quintarro Riveroja Santobal Valdivero "
    "Bielakova Czarnolas Dvorakin Gorskaya-Lane Havelkin Jankovil Kirovel Lewandor Novotnik Petrovane Szalmár Tomaszel "
    "Vukomir Zielinkov Hadrawi Jaberin Karimzad Mansouran Nazarene-Bey Rahmanil Saboury-Lane Yildizar "
    "Björkand Dahlstrand-Poe Fjelldahl Halvorsund Lindgraven Nyströmer Søndermark Þorvald"
)

#: Primary tumours as an indication line says them: words, share, usual look of the bone lesion, sex it is limited to.
PRIMARIES: tuple[tuple[str, int, str, str], ...] = (
    ("breast cancer", 20, "mixed", "F"),
    ("prostate cancer", 18, "blastic", "M"),
    ("lung cancer", 20, "lytic", ""),
    ("renal cell carcinoma", 10, "lytic", ""),
    ("multiple myeloma", 8, "lytic", ""),
    ("colorectal cancer", 6, "mixed", ""),
    ("melanoma", 4, "lytic", ""),
    ("thyroid cancer", 4, "lytic", ""),
    ("lymphoma", 3, "mixed", ""),
    ("bladder cancer", 3, "lytic", ""),
    ("hepatocellular carcinoma", 2, "lytic", ""),
    ("gastric cancer", 2, "mixed", ""),
)

RADIOLOGISTS = (
    ("7001", "Hale", "Simon"),
    ("7002", "Ferrandine", "Lucia"),
    ("7003", "Adjoman", "Kwesi"),
    ("7004", "Thornquist", "Bea"),
)
CLINICIANS = (
    ("8101", "Wellermoor", "Ines"),
    ("8102", "Brightwater", "Owen"),
    ("8103", "Castellane", "Ruth"),
    ("8104", "Okaforine", "Joy"),
    ("8105", "Sundaram-Vale", "Dev"),
    ("8106", "Petersund", "Mark"),
)
