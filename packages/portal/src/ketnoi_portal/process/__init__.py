"""The process of the guidance as tables: who does what, with which papers, on which legal basis.

Pure Python, without a framework, a clock or a database: pages, actions, printed references and the exhaustive
exploration all read these same tables and ask these same rules.
"""
