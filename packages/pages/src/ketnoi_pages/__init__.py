"""What every web site of Ketnoi stands on: two languages, the clock, callers behind proxies, odd octets, serving."""
