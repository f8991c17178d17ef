"""XMP, the mark that tools know: DigitalSourceType says that a trained algorithm made the picture.

The term is IPTC's; such a mark is what article 50 of the EU AI Act asks for.
"""

import re
from xml.sax.saxutils import escape

from sfumato.provenance.record import Record

TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's term for media made by a model that learnt from other media."""

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
   <Iptc4xmpExt:DigitalSourceType>{source}</Iptc4xmpExt:DigitalSourceType>
   <Iptc4xmpExt:AISystemUsed>{system}</Iptc4xmpExt:AISystemUsed>
   <Iptc4xmpExt:AISystemVersionUsed>{version}</Iptc4xmpExt:AISystemVersionUsed>{prompt}
   <xmp:CreatorTool>Sfumato {version}</xmp:CreatorTool>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def packet(record: Record) -> bytes:
    """The XMP packet of a picture; the prompt stands in it unless it is private."""
    engine = record.public.get("engine", {})
    prompt = ""
    if not record.private:
        text = _ILLEGAL.sub("\ufffd", record.public["prompt"])
        prompt = f"\n   <Iptc4xmpExt:AIPromptInformation>{escape(text)}</Iptc4xmpExt:AIPromptInformation>"
    system = _ILLEGAL.sub("\ufffd", f"Sfumato, model {record.public['model']}")
    version = _ILLEGAL.sub("\ufffd", str(engine.get("sfumato", "")))
    return _PACKET.format(source=TRAINED, system=escape(system), version=escape(version), prompt=prompt).encode()
