"""English, with the day before the month as in Vietnam."""

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = "H:i, j F Y"
SHORT_DATE_FORMAT = "d/m/Y"
DATE_INPUT_FORMATS = ["%Y-%m-%d", "%d/%m/%Y"]
