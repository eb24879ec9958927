"""The facts Pebble knows, as plain tables."""

COUNTRIES = [line.split(";") for line in """France;Paris;Europe;French
Germany;Berlin;Europe;German
Italy;Rome;Europe;Italian
Spain;Madrid;Europe;Spanish
Portugal;Lisbon;Europe;Portuguese
Austria;Vienna;Europe;German
Switzerland;Bern;Europe;German, French, Italian and Romansh
Poland;Warsaw;Europe;Polish
Greece;Athens;Europe;Greek
Sweden;Stockholm;Europe;Swedish
Norway;Oslo;Europe;Norwegian
Denmark;Copenhagen;Europe;Danish
Finland;Helsinki;Europe;Finnish and Swedish
Ireland;Dublin;Europe;English and Irish
Belgium;Brussels;Europe;Dutch, French and German
the Netherlands;Amsterdam;Europe;Dutch
Hungary;Budapest;Europe;Hungarian
the Czech Republic;Prague;Europe;Czech
Romania;Bucharest;Europe;Romanian
Bulgaria;Sofia;Europe;Bulgarian
Croatia;Zagreb;Europe;Croatian
Iceland;Reykjavik;Europe;Icelandic
Ukraine;Kyiv;Europe;Ukrainian
Russia;Moscow;Europe;Russian
the United Kingdom;London;Europe;English
Estonia;Tallinn;Europe;Estonian
Latvia;Riga;Europe;Latvian
Lithuania;Vilnius;Europe;Lithuanian
Turkey;Ankara;Asia;Turkish
Japan;Tokyo;Asia;Japanese
China;Beijing;Asia;Chinese
India;New Delhi;Asia;Hindi and English
South Korea;Seoul;Asia;Korean
Thailand;Bangkok;Asia;Thai
Vietnam;Hanoi;Asia;Vietnamese
Indonesia;Jakarta;Asia;Indonesian
the Philippines;Manila;Asia;Filipino and English
Nepal;Kathmandu;Asia;Nepali
Mongolia;Ulaanbaatar;Asia;Mongolian
Iran;Tehran;Asia;Persian
Iraq;Baghdad;Asia;Arabic and Kurdish
Israel;Jerusalem;Asia;Hebrew
Saudi Arabia;Riyadh;Asia;Arabic
Egypt;Cairo;Africa;Arabic
Morocco;Rabat;Africa;Arabic and Berber
Kenya;Nairobi;Africa;Swahili and English
Nigeria;Abuja;Africa;English
Ethiopia;Addis Ababa;Africa;Amharic
Ghana;Accra;Africa;English
Senegal;Dakar;Africa;French
Tunisia;Tunis;Africa;Arabic
Canada;Ottawa;North America;English and French
the United States;Washington, D.C.;North America;English
Mexico;Mexico City;North America;Spanish
Cuba;Havana;North America;Spanish
Jamaica;Kingston;North America;English
Brazil;Brasilia;South America;Portuguese
Argentina;Buenos Aires;South America;Spanish
Chile;Santiago;South America;Spanish
Peru;Lima;South America;Spanish
Colombia;Bogota;South America;Spanish
Uruguay;Montevideo;South America;Spanish
Venezuela;Caracas;South America;Spanish
Australia;Canberra;Oceania;English
New Zealand;Wellington;Oceania;English and Maori""".split("\n")]  # country, capital, continent, language

COLOURS_OF = """the sky on a clear day=blue;grass=green;snow=white;a ripe banana=yellow;a ripe tomato=red;coal=black;blood=red
a lemon=yellow;milk=white;a carrot=orange;an elephant=gray;chocolate=brown;a frog=green;the sun in a drawing=yellow;a polar bear=white
a raven=black;a flamingo=pink;a ripe strawberry=red;an eggplant=purple;cocoa=brown;a pumpkin=orange;salt=white;a sunflower=yellow
the sea=blue;a fire engine=red;lavender=purple;spinach=green;a cherry=red;a pea=green;an orange=orange"""

OPPOSITES = """hot=cold;big=small;up=down;day=night;black=white;good=bad;fast=slow;happy=sad;open=closed;high=low;long=short;old=young
left=right;light=dark;wet=dry;hard=soft;rich=poor;strong=weak;early=late;full=empty;near=far;first=last;true=false;inside=outside
clean=dirty;loud=quiet;thick=thin;wide=narrow;easy=difficult;begin=end;love=hate;push=pull;win=lose;give=take;buy=sell;always=never
cheap=expensive;deep=shallow;sweet=sour;sharp=blunt;smooth=rough;heavy=lightweight;above=below;before=after;yes=no;friend=enemy
question=answer;war=peace;summer=winter;north=south;east=west;alive=dead;laugh=cry;remember=forget;arrive=leave"""

YOUNG = "dog=puppy;cat=kitten;cow=calf;horse=foal;sheep=lamb;pig=piglet;hen=chick;duck=duckling;goat=kid;lion=cub;bear=cub;frog=tadpole;deer=fawn;swan=cygnet;kangaroo=joey;goose=gosling;wolf=pup"
SOUNDS = "dog=woof;cat=meow;cow=moo;sheep=baa;duck=quack;pig=oink;rooster=cock-a-doodle-doo;bee=buzz;owl=hoot;frog=ribbit;horse=neigh;lion=roar;mouse=squeak;snake=hiss"
LEGS = "dog=4;cat=4;spider=8;ant=6;bird=2;horse=4;human=2;bee=6;octopus=8;snake=0;fish=0;chicken=2;cow=4;beetle=6;crab=10;elephant=4;fly=6"
SIDES = "triangle=3;square=4;rectangle=4;pentagon=5;hexagon=6;heptagon=7;octagon=8;decagon=10"

UNITS = """seconds=minute=60;minutes=hour=60;hours=day=24;days=week=7;months=year=12;days=year=365;weeks=year=52
centimeters=meter=100;millimeters=centimeter=10;meters=kilometer=1000;grams=kilogram=1000;milliliters=liter=1000
years=century=100;years=decade=10;inches=foot=12;cents=dollar=100;bits=byte=8;degrees=circle=360;seconds=hour=3600
kilograms=ton=1000;years=millennium=1000;items=dozen=12;days=leap year=366;minutes=half hour=30;hours=half day=12
strings=guitar=6;strings=violin=4;keys=piano=88;players=football team=11;cards=standard deck=52;letters=English alphabet=26"""

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
SEASONS = ["spring", "summer", "autumn", "winter"]
PLANETS = ["Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"]
ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
]
NUMBER_WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]

PLURALS = "child=children;mouse=mice;foot=feet;tooth=teeth;man=men;woman=women;goose=geese;box=boxes;city=cities;leaf=leaves;knife=knives;sheep=sheep;book=books;baby=babies;fish=fish;ox=oxen;cat=cats;bus=buses;wolf=wolves;potato=potatoes"
PAST = "go=went;see=saw;eat=ate;run=ran;write=wrote;sing=sang;buy=bought;think=thought;take=took;come=came;swim=swam;give=gave;make=made;find=found;drink=drank;speak=spoke;begin=began;walk=walked;know=knew;fly=flew"
ELEMENTS = "hydrogen=H;oxygen=O;carbon=C;nitrogen=N;iron=Fe;gold=Au;silver=Ag;helium=He;sodium=Na;copper=Cu;lead=Pb;calcium=Ca;zinc=Zn;neon=Ne;potassium=K;tin=Sn;mercury=Hg;chlorine=Cl"

WHO = """Who wrote {Hamlet|the play Hamlet}=William Shakespeare=wrote Hamlet
Who wrote Romeo and Juliet=William Shakespeare=wrote Romeo and Juliet
Who painted the Mona Lisa=Leonardo da Vinci=painted the Mona Lisa
Who painted The Starry Night=Vincent van Gogh=painted The Starry Night
Who {discovered|found} the law of gravity=Isaac Newton=described the law of gravity
Who {developed|made|came up with} the theory of relativity=Albert Einstein=developed the theory of relativity
Who was the first {person|human|man} on the Moon=Neil Armstrong=was the first person on the Moon
Who was the first {person|human|man} in space=Yuri Gagarin=was the first person in space
Who {composed|wrote} the Ninth Symphony with the Ode to Joy=Ludwig van Beethoven=composed it
Who discovered penicillin=Alexander Fleming=discovered penicillin
Who discovered radium=Marie Curie=discovered radium with Pierre Curie
Who wrote Don Quixote=Miguel de Cervantes=wrote Don Quixote
Who wrote Faust=Johann Wolfgang von Goethe=wrote Faust
Who wrote the Odyssey=Homer=is said to have written the Odyssey
Who {made|created|started} Linux=Linus Torvalds=started Linux
Who {made|created|invented} Python, the programming language=Guido van Rossum=created Python
Who invented the World Wide Web=Tim Berners-Lee=invented the World Wide Web
Who is said to be the first programmer=Ada Lovelace=is often called the first programmer
Who wrote On the Origin of Species=Charles Darwin=wrote On the Origin of Species
Who invented the telephone=Alexander Graham Bell=is usually named as its inventor"""

SINGLE = """What is the {largest|biggest} planet {in the solar system|of our solar system|}=Jupiter=Jupiter is the largest planet in the solar system.
What is the smallest planet {in the solar system|}=Mercury=Mercury is the smallest planet in the solar system.
Which planet is {closest|nearest} to the Sun=Mercury=Mercury is closest to the Sun.
Which planet is {called|known as} the red planet=Mars=Mars is called the red planet.
Which planet has {big|bright|famous} rings=Saturn=Saturn has the brightest rings.
What is the {largest|biggest} ocean=the Pacific=The Pacific is the largest ocean.
What is the {highest|tallest} mountain {on Earth|in the world|}=Mount Everest=Mount Everest is the highest mountain on Earth, 8,849 meters.
What is the {largest|biggest} animal {on Earth|in the world|}=the blue whale=The blue whale is the largest animal.
What is the fastest land animal=the cheetah=The cheetah is the fastest land animal.
What is the tallest animal=the giraffe=The giraffe is the tallest animal.
What is the {largest|biggest} country {in the world|by area|}=Russia=Russia is the largest country by area.
What is the smallest country {in the world|}=Vatican City=Vatican City is the smallest country.
What is the {largest|biggest} continent=Asia=Asia is the largest continent.
How many continents are there=7=There are seven continents.
How many planets are {there |}in {the|our} solar system=8=There are eight planets in the solar system.
How many oceans are there=5=There are five oceans.
At what temperature does water boil{ at sea level| in Celsius|}=100 °C=Water boils at 100 °C at sea level.
At what temperature does water freeze{ in Celsius|}=0 °C=Water freezes at 0 °C.
What is the {chemical |}formula {of|for} water=H2O=The chemical formula of water is H2O.
What is {table salt|salt} made of=sodium chloride=Table salt is sodium chloride.
What gas do {plants|trees} {take in|need|absorb}{ from the air|}=carbon dioxide=Plants take in carbon dioxide and give off oxygen.
What gas do {humans|people|we} need to breathe=oxygen=We need oxygen to breathe.
How many colors are in {a|the} rainbow=7=A rainbow is usually said to have seven colors.
What color do you get {when you mix|if you mix|by mixing} {blue and yellow|yellow and blue}=green=Blue and yellow make green.
What color do you get {when you mix|if you mix|by mixing} {red and yellow|yellow and red}=orange=Red and yellow make orange.
What color do you get {when you mix|if you mix|by mixing} {red and blue|blue and red}=purple=Red and blue make purple.
What color do you get {when you mix|if you mix|by mixing} {red and white|white and red}=pink=Red and white make pink.
What color do you get {when you mix|if you mix|by mixing} {black and white|white and black}=gray=Black and white make gray.
What are the primary colors{ of paint|}=red, yellow and blue=The primary colors of paint are red, yellow and blue.
How fast is light=about 300,000 kilometers per second=Light travels about 300,000 kilometers per second in empty space.
What is pi{| to two decimals|, roughly}=about 3.14=Pi is about 3.14159.
How many bones does an adult {human |person |}have=206=An adult human has 206 bones.
How many teeth does an adult {human |person |}have=32=An adult usually has 32 teeth.
How many fingers does a hand have=5=A hand has five fingers, counting the thumb.
How many wheels does a {bicycle|bike} have=2=A bicycle has two wheels.
How many wheels does a car have=4=A car has four wheels.
What do bees make=honey=Bees make honey.
What do cows {give|produce}=milk=Cows give milk.
What is frozen water called=ice=Frozen water is called ice.
What is the star {at|in} the {center|middle} of our solar system=the Sun=The Sun is at the center of our solar system.
What {orbits|goes around|circles} the Earth=the Moon=The Moon orbits the Earth.
How long does the Earth take to {go around|orbit|circle} the Sun=one year=The Earth takes about 365 days, one year.
What is the square root of {16|sixteen}=4=The square root of 16 is 4.
What is the square root of 81=9=The square root of 81 is 9.
What is the square root of 144=12=The square root of 144 is 12.
What language is spoken {most in Brazil|in Brazil}=Portuguese=Portuguese is spoken in Brazil.
In which city is the Eiffel Tower=Paris=The Eiffel Tower is in Paris.
In which city is the Colosseum=Rome=The Colosseum is in Rome.
In which city is Big Ben=London=Big Ben is in London.
In which country {are|can you see} the pyramids of Giza=Egypt=The pyramids of Giza are in Egypt.
What is the longest river {in the world|on Earth|}=the Nile=The Nile is usually named as the longest river.
In which year did the Second World War end=1945=The Second World War ended in 1945.
In which year did {people|humans} first land on the Moon=1969=People first landed on the Moon in 1969.
In which year did the Berlin Wall fall=1989=The Berlin Wall fell in 1989.
What is the first letter of the alphabet=A=The first letter of the alphabet is A.
What is the last letter of the alphabet=Z=The last letter of the alphabet is Z.
What is the opposite of the color white=black=The opposite of white is black.
What do you call a {baby|young} {dog|hound}=a puppy=A young dog is called a puppy.
Which season is the coldest=winter=Winter is the coldest season.
Which season is the {warmest|hottest}=summer=Summer is the warmest season.
Where does the {sun|Sun} rise=in the east=The Sun rises in the east.
Where does the {sun|Sun} set=in the west=The Sun sets in the west.
Which month is the shortest=February=February is the shortest month.
What is H2O=water=H2O is water.
What is CO2=carbon dioxide=CO2 is carbon dioxide, a gas."""

WORDS = """hello=hallo=bonjour=hola=ciao;thank you=danke=merci=gracias=grazie;yes=ja=oui=sí=sì;no=nein=non=no=no
please=bitte=s'il vous plaît=por favor=per favore;goodbye=auf Wiedersehen=au revoir=adiós=arrivederci
good morning=guten Morgen=bonjour=buenos días=buongiorno;good night=gute Nacht=bonne nuit=buenas noches=buonanotte
water=Wasser=eau=agua=acqua;bread=Brot=pain=pan=pane;house=Haus=maison=casa=casa;dog=Hund=chien=perro=cane
cat=Katze=chat=gato=gatto;book=Buch=livre=libro=libro;friend=Freund=ami=amigo=amico;sun=Sonne=soleil=sol=sole
moon=Mond=lune=luna=luna;tree=Baum=arbre=árbol=albero;stone=Stein=pierre=piedra=pietra;red=rot=rouge=rojo=rosso
blue=blau=bleu=azul=blu;green=grün=vert=verde=verde;white=weiß=blanc=blanco=bianco;black=schwarz=noir=negro=nero
one=eins=un=uno=uno;two=zwei=deux=dos=due;three=drei=trois=tres=tre;milk=Milch=lait=leche=latte;day=Tag=jour=día=giorno
night=Nacht=nuit=noche=notte;love=Liebe=amour=amor=amore;city=Stadt=ville=ciudad=città;apple=Apfel=pomme=manzana=mela
fish=Fisch=poisson=pez=pesce;bird=Vogel=oiseau=pájaro=uccello;computer=Computer=ordinateur=ordenador=computer
man=Mann=homme=hombre=uomo;woman=Frau=femme=mujer=donna;child=Kind=enfant=niño=bambino;school=Schule=école=escuela=scuola"""
LANGUAGES = ["German", "French", "Spanish", "Italian"]


def pairs(table: str) -> list[list[str]]:
    """`a=b;c=d` over several lines, as [[a, b], [c, d]]."""
    return [entry.split("=") for line in table.split("\n") for entry in line.split(";")]
