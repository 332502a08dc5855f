-- Who spoke at the desk for somebody under 14: a parent or representative whom the register names, by name and birth
-- date as on their papers, for the witness to compare; no number. The account is theirs, where they have one.
ALTER TABLE desk_act
    ADD COLUMN speaker_name text,
    ADD COLUMN speaker_birth text,
    ADD COLUMN speaker_relation text CHECK (speaker_relation IN ('father', 'mother', 'representative')),
    ADD COLUMN speaker_account uuid REFERENCES account,
    ADD CONSTRAINT a_speaker_is_whole CHECK (num_nulls(speaker_name, speaker_birth, speaker_relation) IN (0, 3));
