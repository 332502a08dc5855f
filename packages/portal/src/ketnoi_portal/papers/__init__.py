"""Papers: made as PDF, signed, judged, uploaded, accepted, and the whole dossier as one file to carry away."""
