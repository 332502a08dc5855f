"""From what is registered to what members download: read, written, signed, kept, served.

registered.py   everything registered and approved, of one moment
signing.py      the files of every version, and the signed directories that list them
store.py        publications in the database, one after the other
shelf.py        what this node serves: files by content, the directories swapped last
publisher.py    when to publish, and who
door.py         HTTP
"""
