"""Sign-in: which of allauth's pages there are, in words of ours; the rehearsal's cards."""
