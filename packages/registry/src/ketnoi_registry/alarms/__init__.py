"""Alarms: signs that somebody draws people out of the register, raised within a minute and told to C06's portal."""
