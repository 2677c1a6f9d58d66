"""Words that tell what a capitalised word beside them is: titles before surnames, words that begin sentences, prepositions."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Titles and the word that the role of their bearer contains; an empty text fits every role.
TITLES = {
    "president": "president", "premier": "minister", "minister": "minister", "pm": "prime minister",
    "chancellor": "chancellor", "secretary": "secretary", "king": "king", "emir": "emir", "sultan": "sultan",
    "pope": "pope", "ayatollah": "leader", "taoiseach": "minister", "representative": "representative",
    "commissioner": "commissioner", "chief": "", "leader": "", "mr": "", "mrs": "", "ms": "", "sir": "", "dr": "", "lord": "",
    "dame": "", "general": "", "gen": "", "marshal": "", "chairman": "", "head": "", "strongman": "", "autocrat": "",
    "counterpart": "", "elect": "president", "incumbent": "", "diplomat": "", "dictator": "", "excellency": "",
    "президент": "president", "президента": "president", "президенту": "president", "президентом": "president",
    "премьер": "minister", "министр": "minister", "министра": "minister", "министром": "minister", "міністр": "minister",
    "міністра": "minister", "канцлер": "chancellor", "глава": "", "господин": "", "пан": "", "прем'єр": "minister",
}  # fmt: skip

#: Titles of people who do not speak for a state: the surname behind them is a namesake's.
OTHER_TITLES = _words(
    """senator sen congressman congresswoman rep governor gov mayor judge justice prince princess coach actor actress singer
    professor prof pastor reverend rev officer detective sheriff sergeant sgt captain capt colonel col lieutenant lt
    lawmaker attorney editor author driver striker midfielder goalkeeper quarterback lady mp mep
    writer journalist historian analyst"""
)

#: Capitalised words (folded) that may stand before a surname without being a given name.
LEAD_WORDS = _words(
    """a about according accuses after against ahead all also although always amid among an and another any are as asked asks at
    back backs because before behind being both but by calls can did do does earlier even ever exclusive explained explainer
    finally first following for former from had has have here how however if in including inside instead into is it its just
    last later latest lest let like live mean meanwhile meet meets meeting more most never new no nor not now of off on once
    one only opinion or other our over perhaps plus recently said saying says should since so some sometimes still such tells
    than that the their then there these they this those though through thus to today tomorrow too toward towards tonight
    under unless unlike until up update updates urges us vs versus vows wants warns was watch were what when where whether
    which while who whom whose why will with within without would yesterday yet you young analysis breaking comment video
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december despite during except besides nobody everyone anyone give gives thank thanks dear ask can could
    might must blame blames blast blasts slams slam hails praises thanks rejects denies orders visits hosts congratulates
    в на с и о об от до для по при но а как что если когда пока после перед также однако сегодня вчера завтра накануне ранее
    затем позже по-прежнему у за к з та і й але що як коли після перед сьогодні вчора раніше згодом також однак"""
)

#: Capitalised words (folded) that may follow a country which is also a person's name.
FOLLOWING_WORDS = LEAD_WORDS | _words(
    """president prime foreign defence defense king queen crown minister government parliament army police river valley border
    embassy ambassador central national supreme"""
)

#: A place rather than somebody: what stands before or behind it.
PLACE_BEFORE = re.compile(
    r"(?<![a-z])(?:in|from|of|over|into|to|across|around|near|inside|outside|through|throughout|within|for|at|between|about|"
    r"occupied|annexed|liberated|mountainous|former|в|во|из|над|у|із|над)(?: the| all| whole)? $"
)
PLACE_BEHIND = re.compile(
    r"(?:'s)? (?:conflict|war|wars|issue|question|region|dispute|problem|settlement|process|bridge|peninsula)\b"
)

#: A place of the USA that bears the name: "Moscow, Idaho". Without Georgia and Washington, which are not only states.
STATE_BEHIND = re.compile(
    r", (?:Alabama|Ala\.|Alaska|Arizona|Ariz\.|Arkansas|Ark\.|California|Calif\.|Colorado|Colo\.|Connecticut|Conn\.|Delaware|"
    r"Del\.|Florida|Fla\.|Ga\.|Hawaii|Idaho|Illinois|Ill\.|Indiana|Ind\.|Iowa|Kansas|Kan\.|Kentucky|Ky\.|Louisiana|La\.|Maine|"
    r"Maryland|Md\.|Massachusetts|Mass\.|Michigan|Mich\.|Minnesota|Minn\.|Mississippi|Miss\.|Missouri|Mo\.|Montana|Mont\.|"
    r"Nebraska|Neb\.|Nevada|Nev\.|New Hampshire|N\.H\.|New Jersey|N\.J\.|New Mexico|N\.M\.|New York|N\.Y\.|North Carolina|N\.C\.|"
    r"North Dakota|N\.D\.|Ohio|Oklahoma|Okla\.|Oregon|Ore\.|Pennsylvania|Pa\.|Rhode Island|R\.I\.|South Carolina|S\.C\.|"
    r"South Dakota|S\.D\.|Tennessee|Tenn\.|Texas|Utah|Vermont|Vt\.|Virginia|Va\.|West Virginia|W\.Va\.|Wisconsin|Wis\.|"
    r"Wyoming|Wyo\.)(?!\w)"
)

#: Initials before a surname, as "V." or "V.V.".
INITIALS = re.compile(r"(?:[^\W\d_]\.-?){1,3}")

#: An office behind a country or its people: "the Azerbaijani president", "Ukraine's foreign minister".
ROLE_BEHIND = re.compile(
    r"(?:'s|')? (president|prime minister|premier|chancellor|foreign minister|minister of foreign affairs|"
    r"foreign secretary|secretary of state|defen[cs]e minister|minister of defen[cs]e|defen[cs]e secretary|"
    r"secretary of defen[cs]e|leader|secretary[- ]general|supreme leader)(?![\w-])"
)
ROLE_BEFORE = re.compile(
    r"(?<![\w-])(president|prime minister|chancellor|foreign minister|minister of foreign affairs|minister for foreign affairs|"
    r"defen[cs]e minister|minister of defen[cs]e|secretary[- ]general|leader|head) of (?:the )?$"
)
NOT_SITTING = re.compile(r"(?:former|ex|late|deputy|vice|first|acting|then|would-be|next|future)[ -](?:the )?$")
