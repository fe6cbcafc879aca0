"""The catalogue of RFC 4475, section by section, written anew from its descriptions: what is sent and what a user agent has to make of it.

``answers``: the final statuses that are right; ``()`` = nothing may be sent back and nothing may fall over.
"""

from __future__ import annotations

from dataclasses import dataclass

SDP = (
    "v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\nm=audio 49217 RTP/AVP 0 12\r\n"
    "m=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n"
)


@dataclass(frozen=True)
class Case:
    section: str
    name: str
    data: bytes
    answers: tuple[int, ...]
    why: str


def lines(*parts: str, body: str = "", length: bool = True) -> bytes:
    """A message of these lines; Content-Length is added unless the case is about it."""
    head = list(parts)
    if length:
        head.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode("utf-8", "surrogateescape")


INVITE_SDP = "Content-Type: application/sdp"
CATALOGUE: list[Case] = []


def case(section: str, name: str, data: bytes, *answers: int, why: str = "") -> None:
    CATALOGUE.append(Case(section, name, data, answers, why))


# -- 3.1.1 well formed, however odd -------------------------------------------------------------------------------------

case(
    "3.1.1.1", "wsinv",
    lines(
        "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0",
        "TO :",
        " sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n",
        'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>',
        "  ;",
        "  tag = 98asjd8",
        "MaX-fOrWaRdS: 0068",
        "Call-ID: wsinv.ndaksdj@192.0.2.1",
        "cseq: 0009",
        "  INVITE",
        "Via  : SIP  /   2.0",
        " /UDP",
        "    192.0.2.2;branch=390skdjuw",
        "s :",
        "NewFangledHeader:   newfangled value",
        " continued newfangled value",
        "UnknownHeaderWithUnusualValue: ;;,,;;,;",
        "Content-Type: application/sdp",
        "Route:",
        " <sip:services.example.com;lr;unknownwith=value;unknown-no-value>",
        "v:  SIP  / 2.0  / TCP     spindle.example.com   ;",
        "  branch  =   z9hG4bK9ikj8  ,",
        " SIP  /    2.0   / UDP  192.168.255.111   ; branch=",
        " z9hG4bK30239",
        'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =',
        "      newvalue ;",
        "  secondparam ; q = 0.33",
        body=SDP,
    ),
    481, why="every kind of white space; the To has a tag we never gave, so the dialog is unknown",
)  # fmt: skip
case(
    "3.1.1.2", "intmeth",
    lines(
        "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
        "@example.com SIP/2.0",
        "Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~",
        'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_unusual.URI~(to-be!sure)&isn\'t+it$/crazy?,/;;*@example.com>',
        "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"\u0440\u0430\u0431\u043e\u0442\u0430\u044e\u0449\u0438\u0439\";tag=_token~1'+`*%!-.",
        "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
        "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~",
        "Max-Forwards: 255",
        'extensionHeader-!.%*+_`\'~: \ufeff\u5927\u505c\u96fb',
    ),
    400, 405, 501, why="a method nobody knows, made of every character a token may have",
)  # fmt: skip
case(
    "3.1.1.3", "esc01",
    lines(
        "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0", "To: sip:%75se%72@example.com", "From: <sip:I%20have%20spaces@example.net>;tag=938",
        "Max-Forwards: 87", "i: esc01.239409asdfakjkn23onasd0-3234", "CSeq: 234234 INVITE", "Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw",
        "C: application/sdp", "Contact:", "  <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>", body=SDP,
    ),
    180, why="escapes in every place",
)  # fmt: skip
case(
    "3.1.1.4", "escnull",
    lines(
        "REGISTER sip:example.com SIP/2.0", "To: sip:null-%00-null@example.com", "From: sip:null-%00-null@example.com;tag=839923423", "Max-Forwards: 70",
        "Call-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd", "CSeq: 14398234 REGISTER", "Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw",
        "Contact: <sip:%00@host5.example.com>", "Contact: <sip:%00%00@host5.example.com>", "L:0", length=False,
    ),
    401, why="an escaped NUL does not end anything",
)  # fmt: skip
case(
    "3.1.1.5", "esc02",
    lines(
        "RE%47IST%45R sip:registrar.example.com SIP/2.0", 'To: "%Z%45" <sip:resource@example.com>', 'From: "%Z%45" <sip:resource@example.com>;tag=f232jadfj23',
        "Call-ID: esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf", "Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234",
        "CSeq: 29344 RE%47IST%45R", "Max-Forwards: 70", "Contact: <sip:alias1@host1.example.com>", 'C%6Fntact: <sip:alias2@host2.example.com>',
        "Contact: <sip:alias3@host3.example.com>",
    ),
    405, 501, why="a percent sign is no escape in a method: this is not REGISTER",
)  # fmt: skip
case(
    "3.1.1.6", "lwsdisp",
    lines(
        "OPTIONS sip:user@example.com SIP/2.0", "To: sip:user@example.com", "From: caller<sip:caller@example.com>;tag=323", "Max-Forwards: 70",
        "Call-ID: lwsdisp.1234abcd@funky.example.com", "CSeq: 60 OPTIONS", "Via: SIP/2.0/UDP funky.example.com;branch=z9hG4bKkdjuw",
    ),
    200, why="no space between name and angle bracket",
)  # fmt: skip
LONG = "long" * 60
case(
    "3.1.1.7", "longreq",
    lines(
        "INVITE sip:user@example.com SIP/2.0", f'To: "I have a user name of {"extreme " * 20}proportion"<sip:user@example.com:6000;unknownparam1=very{LONG};'
        f"longparam{LONG}name=shortvalue;verylonguriparameterwithnovalue>", f"F: sip:amazinglylongcallername{LONG}@example.net;tag=12{'982' * 50}424;"
        f"unknownheaderparam{LONG}name=unknownheaderparamvalue", f"Call-ID: longreq.one{'really' * 30}longcallid", "CSeq: 3882340 INVITE",
        f"Unknown-{'Long' * 20}-Name: unknown-{LONG}-value; unknown-{LONG}-parameter-name = unknown-{LONG}-parameter-value",
        *(f"Via: SIP/2.0/TCP sip{n}.example.com" for n in range(33, 1, -1)), f"v: SIP/2.0/TCP host.example.com;received=192.0.2.5;branch=very{LONG}branchvalue",
        "Max-Forwards: 70", f"Contact: <sip:amazinglylongcallername{LONG}@host5.example.net>", "Content-Type: application/sdp", body=SDP,
    ),
    180, why="thirty-four Vias and kilobytes of names",
)  # fmt: skip
case(
    "3.1.1.8", "dblreq",
    lines(
        "OPTIONS sip:example.com SIP/2.0", "To: sip:j.user@example.com", "From: sip:j.user@example.net;tag=43251j3j324", "Max-Forwards: 8",
        "I: dblreq.0ha0isndaksdj99sdfafnl3lk233412", "Contact: sip:j.user@host.example.com", "CSeq: 8 OPTIONS",
        "Via: SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKkdjuw23492",
    ) + lines("INVITE sip:joe@example.com SIP/2.0", "t: sip:joe@example.com", "Via: SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKtrailing"),
    200, why="what follows the message in a datagram is nothing",
)  # fmt: skip
case(
    "3.1.1.9", "semiuri",
    lines(
        "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0", "To: sip:j_user@example.com", "From: sip:caller@example.org;tag=33242", "Max-Forwards: 3",
        "Call-ID: semiuri.0ha0isndaksdj", "CSeq: 8 OPTIONS", "Accept: application/sdp, application/pkcs7-mime, multipart/mixed",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw",
    ),
    200, why="semicolons in the user part",
)  # fmt: skip
case(
    "3.1.1.10", "transports",
    lines(
        "OPTIONS sip:user@example.com SIP/2.0", "To: sip:user@example.com", "From: <sip:caller@example.com>;tag=323", "Max-Forwards: 70",
        "Call-ID:  transports.kijh4akdnaqjkwendsasfdj", "Accept: application/sdp", "CSeq: 60 OPTIONS",
        "Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw", "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf",
        "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj", "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en",
        "Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee",
    ),
    200, why="transports nobody knows, further down",
)  # fmt: skip
MULTI = "--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n\r\n\x00\x01\r\n--7a9cbec02ceef655--"
case(
    "3.1.1.11", "mpart01",
    lines(
        "MESSAGE sip:kumiko@example.org SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-;rport", "Max-Forwards: 70",
        "Route: <sip:127.0.0.1:5080>", "To: <sip:kumiko@example.org>", "From: <sip:fluffy@example.com>;tag=2fb0dcc9", "Call-ID: 3d9485ad0c49859b@Zmx1ZmZ5LW1hYy0xNi5sb2NhbA..",
        "CSeq: 1 MESSAGE", "Content-Transfer-Encoding: binary", "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655", body=MULTI,
    ),
    405, why="a body of parts, for a method we know of but do not serve",
)  # fmt: skip
case(
    "3.1.1.12", "unreason",
    lines(
        "SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e \u0434\u0435\u0432\u044f\u043d\u043e\u0441\u0442\u043e", "Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923",
        "Call-ID: unreason.1234ksdfak3j2erwedfsASdf", "CSeq: 35 INVITE", "From: sip:user@example.com;tag=11141343", "To: sip:user@example.edu;tag=2229",
        "Content-Type: application/sdp", "Contact: <sip:user@host198.example.com>", body=SDP,
    ), why="an odd reason, for a request we never sent",
)  # fmt: skip
case(
    "3.1.1.13", "noreason",
    lines(
        "SIP/2.0 100 ", "Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe", "Call-ID: noreason.asndj203insdf99223ndf", "CSeq: 35 INVITE",
        "From: <sip:user@example.com>;tag=39ansfi3", "To: <sip:user@example.edu>;tag=902jndnke3", "Contact: <sip:user@host105.example.com>",
    ), why="no reason at all",
)  # fmt: skip

# -- 3.1.2 badly formed ---------------------------------------------------------------------------------------------------

case(
    "3.1.2.1", "badinv01",
    lines(
        "INVITE sip:user@example.com SIP/2.0", "To: sip:j.user@example.com", "From: sip:caller@example.net;tag=134161461246", "Max-Forwards: 7",
        "Call-ID: badinv01.0ha0isndaksdjasdf3234nas", "CSeq: 8 INVITE", "Via: SIP/2.0/UDP 192.0.2.15;;,;,,", 'Contact: "Joe" <sip:joe@example.org>;;;;',
        "Content-Type: application/sdp", body=SDP,
    ),
    400, why="separators without anything between",
)  # fmt: skip
case(
    "3.1.2.2", "clerr",
    lines(
        "INVITE sip:user@example.com SIP/2.0", "Max-Forwards: 80", "To: sip:j.user@example.com", "From: sip:caller@example.net;tag=93942939o2",
        "Contact: <sip:caller@hungry.example.net>", "Call-ID: clerr.0ha0isndaksdjweiafasdk3", "CSeq: 8 INVITE",
        "Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bK-39234-23523", "Content-Type: application/sdp", "Content-Length: 9999", length=False, body=SDP,
    ),
    400, why="Content-Length larger than the datagram",
)  # fmt: skip
case(
    "3.1.2.3", "ncl",
    lines(
        "INVITE sip:user@example.com SIP/2.0", "Max-Forwards: 254", "To: sip:j.user@example.com", "From: sip:caller@example.net;tag=32394234",
        "Call-ID: ncl.0ha0isndaksdj2193423r542w35", "CSeq: 0 INVITE", "Via: SIP/2.0/UDP 192.0.2.53;branch=z9hG4bKkdjuw",
        "Contact: <sip:caller@example53.example.net>", "Content-Type: application/sdp", "Content-Length: -999", length=False, body=SDP,
    ),
    400, why="a negative length",
)  # fmt: skip
case(
    "3.1.2.4", "scalar02",
    lines(
        "REGISTER sip:example.com SIP/2.0", "Via: SIP/2.0/TCP host129.example.com;branch=z9hG4bK342sdfoi3", "To: <sip:user@example.com>",
        "From: <sip:user@example.com>;tag=239232jh3", "CSeq: 36893488147419103232 REGISTER", "Call-ID: scalar02.23o0pd9vanlq3wnrlnewofjas9ui32",
        "Max-Forwards: 300", "Expires: 1" + "0" * 100, "Contact: <sip:user@host129.example.com>;expires=280297596632815",
    ),
    400, why="numbers larger than they may be",
)  # fmt: skip
case(
    "3.1.2.5", "scalarlg",
    lines(
        "SIP/2.0 503 Service Unavailable", "Via: SIP/2.0/TCP host129.example.com;branch=z9hG4bKzzxdiwo34sw;received=192.0.2.129", "To: <sip:user@example.com>",
        "From: <sip:other@example.net>;tag=2easdjfejw", "CSeq: 9292394834772304023312 OPTIONS", "Call-ID: scalarlg.noase0of0234hn2qofoaf0232aewf2394r",
        "Retry-After: 949302838503028349304023988", 'Warning: 1812 overture "In Progress"',
    ), why="a response with overlarge numbers",
)  # fmt: skip
case(
    "3.1.2.6", "quotbal",
    lines(
        "INVITE sip:user@example.com SIP/2.0", 'To: "Mr. J. User <sip:j.user@example.com>', "From: sip:caller@example.net;tag=93334", "Max-Forwards: 10",
        "Call-ID: quotbal.aksdj", "Contact: <sip:caller@host59.example.net>", "CSeq: 8 INVITE", "Via: SIP/2.0/UDP 192.0.2.59:5050;branch=z9hG4bKkdjuw39234",
        "Content-Type: application/sdp", body=SDP,
    ),
    400, why="a quote that never ends",
)  # fmt: skip
case(
    "3.1.2.7", "ltgtruri",
    lines(
        "INVITE <sip:user@example.com> SIP/2.0", "To: sip:user@example.com", "From: sip:caller@example.net;tag=39291", "Max-Forwards: 23",
        "Call-ID: ltgtruri.1@192.0.2.5", "CSeq: 1 INVITE", "Via: SIP/2.0/UDP 192.0.2.5", "Contact: <sip:caller@host5.example.net>", "Content-Type: application/sdp",
        body=SDP,
    ),
    400, why="angle brackets around the Request-URI",
)  # fmt: skip
case(
    "3.1.2.8", "lwsruri",
    lines(
        "INVITE sip:user@example.com; lr SIP/2.0", "To: sip:user@example.com;tag=3xfe-9921883-z9f", "From: sip:caller@example.net;tag=231413434", "Max-Forwards: 5",
        "Call-ID: lwsruri.asdfasdoeoi2323-asdfwrn23-asd834rk423", "CSeq: 2130706432 INVITE", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKkdjuw2395",
        "Contact: <sip:caller@host1.example.net>", "Content-Type: application/sdp", body=SDP,
    ),
    400, why="a space in the Request-URI",
)  # fmt: skip
case(
    "3.1.2.9", "lwsstart",
    lines(
        "INVITE  sip:user@example.com  SIP/2.0", "Max-Forwards: 8", "To: sip:user@example.com", "From: sip:caller@example.net;tag=8814",
        "Call-ID: lwsstart.dfknq234oi243099adsdfnawe3@example.com", "CSeq: 1893884 INVITE", "Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdjuw3923",
        "Contact: <sip:caller@host1.example.net>", "Content-Type: application/sdp", body=SDP,
    ),
    400, why="two spaces where one belongs",
)  # fmt: skip
case(
    "3.1.2.10", "trws",
    lines(
        "OPTIONS sip:remote-target@example.com SIP/2.0  ", "Via: SIP/2.0/TCP host1.examle.com;branch=z9hG4bK299342093", "To: <sip:remote-target@example.com>",
        "From: <sip:local-resource@example.com>;tag=329429089", "Call-ID: trws.oicu34958239neffasdhr2345r", "Accept: application/sdp", "CSeq: 238923 OPTIONS",
        "Max-Forwards: 70",
    ),
    400, why="spaces at the end of the request line",
)  # fmt: skip
case(
    "3.1.2.11", "escruri",
    lines(
        "INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0", "To: sip:user@example.com", "From: sip:caller@example.net;tag=341518", "Max-Forwards: 7",
        "Contact: <sip:caller@host39923.example.net>", "Call-ID: escruri.23940-asdfhj-aje3br-234q098w-fawerh2q-h4n5", "CSeq: 149209342 INVITE",
        "Via: SIP/2.0/UDP host-of-the-hour.example.com;branch=z9hG4bKkdjuw", "Content-Type: application/sdp", body=SDP,
    ),
    400, why="header fields hidden in the Request-URI",
)  # fmt: skip
case(
    "3.1.2.12", "baddate",
    lines(
        "INVITE sip:user@example.com SIP/2.0", "To: sip:user@example.com", "From: sip:caller@example.net;tag=2234923", "Max-Forwards: 70",
        "Call-ID: baddate.239423mnsadf3j23lj42--sedfnm234", "CSeq: 1392934 INVITE", "Via: SIP/2.0/UDP host.example.com;branch=z9hG4bKkdjuw",
        "Date: Fri, 01 Jan 2010 16:00:00 EST", "Contact: <sip:caller@host5.example.net>", "Content-Type: application/sdp", body=SDP,
    ),
    180, 400, why="a Date in another time zone than GMT: may be refused or overlooked",
)  # fmt: skip
case(
    "3.1.2.13", "regbadct",
    lines(
        "REGISTER sip:example.com SIP/2.0", "To: sip:user@example.com", "From: sip:user@example.com;tag=998332", "Max-Forwards: 70",
        "Call-ID: regbadct.k345asrl3fdbv@10.0.0.1", "CSeq: 1 REGISTER", "Via: SIP/2.0/UDP 135.180.130.133:5060;branch=z9hG4bKkdjuw",
        "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E",
    ),
    400, why="a Contact that needs angle brackets",
)  # fmt: skip
case(
    "3.1.2.14", "badaspec",
    lines(
        "OPTIONS sip:user@example.org SIP/2.0", "Via: SIP/2.0/UDP host4.example.com:5060;branch=z9hG4bKkdju43234", "Max-Forwards: 70",
        'From: "Bell, Alexander" <sip:a.g.bell@example.com>;tag=433423', 'To: "Watson, Thomas" < sip:t.watson@example.org >', "Call-ID: badaspec.sdf0234n2nds0a099u23h3hnnw009cdkne3",
        "Accept: application/sdp", "CSeq: 3923239 OPTIONS",
    ),
    400, why="spaces inside the angle brackets",
)  # fmt: skip
case(
    "3.1.2.15", "baddn",
    lines(
        "OPTIONS sip:t.watson@example.org SIP/2.0", "Via:     SIP/2.0/UDP c.example.com:5060;branch=z9hG4bKkdjuw", "Max-Forwards:      70",
        "From:    Bell, Alexander <sip:a.g.bell@example.com>;tag=43", "To:      Watson, Thomas <sip:t.watson@example.org>", "Call-ID: baddn.31415@c.example.com",
        "Accept: application/sdp", "CSeq:    3923239 OPTIONS",
    ),
    400, why="a comma in a name that is not quoted",
)  # fmt: skip
case(
    "3.1.2.16", "badvers",
    lines(
        "OPTIONS sip:t.watson@example.org SIP/7.0", "Via:     SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw", "Max-Forwards:     70",
        "From:    A. Bell <sip:a.g.bell@example.com>;tag=qweoiqpe", "To:      T. Watson <sip:t.watson@example.org>", "Call-ID: badvers.31417@c.example.com",
        "CSeq:    1 OPTIONS",
    ),
    505, why="a version of SIP nobody knows",
)  # fmt: skip
case(
    "3.1.2.17", "mismatch01",
    lines(
        "OPTIONS sip:user@example.com SIP/2.0", "To: sip:j.user@example.com", "From: sip:caller@example.net;tag=34525", "Max-Forwards: 6",
        "Call-ID: mismatch01.dj0234sxdfl3", "CSeq: 8 INVITE", "Via: SIP/2.0/UDP host.example.com;branch=z9hG4bKkdjuw",
    ),
    400, why="CSeq says another method",
)  # fmt: skip
case(
    "3.1.2.18", "mismatch02",
    lines(
        "NEWMETHOD sip:user@example.com SIP/2.0", "To: sip:j.user@example.com", "From: sip:caller@example.net;tag=34525", "Max-Forwards: 6",
        "Call-ID: mismatch02.dj0234sxdfl3", "CSeq: 8 INVITE", "Contact: <sip:caller@host.example.net>", "Via: SIP/2.0/UDP host.example.net;branch=z9hG4bKkdjuw",
        "Content-Type: application/sdp", body=SDP,
    ),
    400, 501, why="the same with a method nobody knows",
)  # fmt: skip
case(
    "3.1.2.19", "bigcode",
    lines(
        "SIP/2.0 4294967301 better not break the receiver", "Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe", "Call-ID: bigcode.asdof3uj203asdnf3429uasdhfas3ehjasdfas9i",
        "CSeq: 353494 INVITE", "From: <sip:user@example.com>;tag=39ansfi3", "To: <sip:user@example.edu>;tag=902jndnke3", "Contact: <sip:user@host105.example.com>",
    ), why="a status of ten digits",
)  # fmt: skip

# -- 3.2 transactions, 3.3 application, 3.4 the past ------------------------------------------------------------------------

case(
    "3.2.1", "badbranch",
    lines(
        "OPTIONS sip:user@example.com SIP/2.0", "To: sip:user@example.com", "From: sip:caller@example.org;tag=33242", "Max-Forwards: 3",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK", "Accept: application/sdp", "Call-ID: badbranch.sadonfo23i420jv0as0derf3j3n", "CSeq: 8 OPTIONS",
    ),
    200, why="the magic cookie and nothing after it",
)  # fmt: skip
case(
    "3.3.1", "insuf",
    lines("INVITE sip:user@example.com SIP/2.0", "CSeq: 193942 INVITE", "Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf", "Content-Type: application/sdp", body=SDP),
    400, why="no Call-ID, no From, no To",
)  # fmt: skip
case(
    "3.3.2", "unkscm",
    lines(
        "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0", "To: sip:user@example.com", "From: sip:caller@example.net;tag=384", "Max-Forwards: 3",
        "Call-ID: unkscm.nasdfasser0q239nwsdfasdkl34", "CSeq: 3923423 OPTIONS", "Via: SIP/2.0/TCP host9.example.com;branch=z9hG4bKkdjuw39234",
    ),
    416, why="a scheme nobody knows",
)  # fmt: skip
case(
    "3.3.3", "novelsc",
    lines(
        "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0", "To: sip:user@example.com", "From: sip:caller@example.net;tag=384", "Max-Forwards: 3",
        "Call-ID: novelsc.asdfasser0q239nwsdfasdkl34", "CSeq: 3923423 OPTIONS", "Via: SIP/2.0/TCP host9.example.com;branch=z9hG4bKkdjuw39234",
    ),
    416, why="a scheme of another trade",
)  # fmt: skip
case(
    "3.3.4", "unksm2",
    lines(
        "REGISTER sip:example.com SIP/2.0", "To: isbn:2983792873", "From: <http://www.example.com>;tag=3234233", "Call-ID: unksm2.daksdj@hyphenated-host.example.com",
        "CSeq: 234902 REGISTER", "Max-Forwards: 70", "Via: SIP/2.0/UDP 192.0.2.21:5060;branch=z9hG4bKkdjuw", "Contact: <name:John_Smith>",
    ),
    400, 404, why="schemes that cannot be registered",
)  # fmt: skip
case(
    "3.3.5", "bext01",
    lines(
        "OPTIONS sip:user@example.com SIP/2.0", "To: sip:j_user@example.com", "From: sip:caller@example.net;tag=242etr", "Max-Forwards: 6",
        "Call-ID: bext01.0ha0isndaksdj", "Require: nothingSupportsThis, nothingSupportsThisEither", "Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis",
        "CSeq: 8 OPTIONS", "Via: SIP/2.0/TLS fold-and-staple.example.com;branch=z9hG4bKkdjuw",
    ),
    420, why="extensions nobody has",
)  # fmt: skip
case(
    "3.3.6", "invut",
    lines(
        "INVITE sip:user@example.com SIP/2.0", "Contact: <sip:caller@host5.example.net>", "To: sip:j.user@example.com", "From: sip:caller@example.net;tag=8392034",
        "Max-Forwards: 70", "Call-ID: invut.0ha0isndaksdjadsfij34n23d", "CSeq: 235448 INVITE", "Via: SIP/2.0/UDP somehost.example.com;branch=z9hG4bKkdjuw",
        "Content-Type: application/unknownformat", body="<audio><pcmu port=\"443\"/></audio>",
    ),
    415, why="a body of an unknown kind",
)  # fmt: skip
case(
    "3.3.7", "regaut01",
    lines(
        "REGISTER sip:example.com SIP/2.0", "To: sip:j.user@example.com", "From: sip:j.user@example.com;tag=87321hj23128", "Max-Forwards: 8",
        "Call-ID: regaut01.0ha0isndaksdj", "CSeq: 9338 REGISTER", "Via: SIP/2.0/TCP 192.0.2.253;branch=z9hG4bKkdjuw",
        "Authorization: NoOneKnowsThisScheme opaque-data=here",
    ),
    401, why="an unknown way to prove who one is counts as none",
)  # fmt: skip
case(
    "3.3.8", "multi01",
    lines(
        "INVITE sip:user@company.com SIP/2.0", "Contact: <sip:caller@host25.example.net>", "Via: SIP/2.0/UDP 192.0.2.25;branch=z9hG4bKkdjuw", "Max-Forwards: 70",
        "CSeq: 5 INVITE", "Call-ID: multi01.98asdh@192.0.2.1", "CSeq: 59 INVITE", "Call-ID: multi01.98asdh@192.0.2.2", "From: sip:caller@example.com;tag=3413415",
        "To: sip:user@example.com", "To: sip:other@example.net", "From: sip:caller@example.net;tag=2923420123", "Content-Type: application/sdp",
        "Contact: <sip:caller@host36.example.net>", "Max-Forwards: 5", body=SDP,
    ),
    400, why="two of what may be there once",
)  # fmt: skip
case(
    "3.3.9", "mcl01",
    lines(
        "OPTIONS sip:user@example.com SIP/2.0", "Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bK293423", "To: sip:user@example.com",
        "From: sip:other@example.net;tag=3923942", "Call-ID: mcl01.fhn2323orihawfdoa3o4r52o3irsdf", "CSeq: 15932 OPTIONS", "Content-Length: 13", "Max-Forwards: 60",
        "Content-Length: 5", "Content-Type: text/plain", body="There's no way to know how many octets are supposed to be here.\r\n", length=False,
    ),
    400, why="two lengths",
)  # fmt: skip
case(
    "3.3.10", "bcast",
    lines(
        "SIP/2.0 200 OK", "Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923", "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23", "Call-ID: bcast.0384840201234ksdfak3j2erwedfsASdf",
        "CSeq: 35 INVITE", "From: sip:user@example.com;tag=11141343", "To: sip:user@example.edu;tag=2229", "Content-Type: application/sdp",
        "Contact: <sip:user@host28.example.com>", body=SDP,
    ), why="a response that would go to everybody",
)  # fmt: skip
case(
    "3.3.11", "zeromf",
    lines(
        "OPTIONS sip:user@example.com SIP/2.0", "To: sip:user@example.com", "From: sip:caller@example.net;tag=3ghsd41", "Call-ID: zeromf.jfasdlfnm2o2l43r5u0asdfas",
        "CSeq: 39234321 OPTIONS", "Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdjuw2349i", "Max-Forwards: 0",
    ),
    200, why="the last hop may be us",
)  # fmt: skip
for number, name, contact in (
    ("3.3.12", "cparam01", "sip:+19725552222@gw1.example.net;unknownparam"),
    ("3.3.13", "cparam02", "<sip:+19725552222@gw1.example.net;unknownparam>"),
    ("3.3.14", "regescrt", "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"),
):
    case(
        number, name,
        lines(
            "REGISTER sip:example.com SIP/2.0", "Via: SIP/2.0/UDP saturn.example.com:5060;branch=z9hG4bKkdjuw" + name, "Max-Forwards: 70", "From: sip:watson@example.com;tag=DkfVgjkrtMwaerKKpe",
            "To: sip:watson@example.com", f"Call-ID: {name}.70710@saturn.example.com", "CSeq: 2 REGISTER", f"Contact: {contact}",
        ),
        401, why="a Contact with parameters on one side of the bracket or the other (asked for its password first)",
    )  # fmt: skip
case(
    "3.3.15", "sdp01",
    lines(
        "INVITE sip:user@example.com SIP/2.0", "To: sip:j_user@example.com", "Contact: <sip:caller@host15.example.net>", "From: sip:caller@example.net;tag=234",
        "Max-Forwards: 5", "Call-ID: sdp01.ndaksdj9342dasdd", "Accept: text/nobodyKnowsThis", "CSeq: 8 INVITE", "Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw",
        "Content-Type: application/sdp", body=SDP,
    ),
    406, why="wants an answer in a form nobody can give",
)  # fmt: skip
case(
    "3.4.1", "inv2543",
    lines(
        "INVITE sip:UserB@example.com SIP/2.0", "Via: SIP/2.0/UDP iftgw.example.com", "From: <sip:+13035551111@ift.client.example.net;user=phone>", "Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>",
        "To: sip:+16505552222@ss1.example.net;user=phone", "Call-ID: inv2543.1717@ift.client.example.com", "CSeq: 56 INVITE", "Content-Type: application/sdp",
        length=False, body=SDP,
    ),
    180, why="an INVITE of the first SIP: no branch, no tag, no length, no Contact",
)  # fmt: skip
