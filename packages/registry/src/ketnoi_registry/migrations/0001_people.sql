-- Three keyspaces without joins or foreign keys between them, so that each can be spread over databases by its own
-- key: people (personal number), old identity numbers (the nine-digit number), the access log (0002).
-- Keys are text with a CHECK, never char(n): a char(n) column compared with a text parameter is not looked up by
-- index. Moments and days come from the caller; nothing here asks the database for the time.

CREATE TYPE place AS (country text, unit_code text, unit_valid_from date, detail text);

CREATE TYPE relative AS (full_name text, personal_number text, old_id_number text, nationality text);

CREATE TABLE person (
    personal_number text PRIMARY KEY CHECK (personal_number ~ '^[0-9]{12}$'),
    family_name text NOT NULL CHECK (length(family_name) <= 100),
    middle_name text NOT NULL CHECK (length(middle_name) <= 100),
    given_name text NOT NULL CHECK (length(given_name) BETWEEN 1 AND 100),
    birth_year smallint NOT NULL CHECK (birth_year BETWEEN 1850 AND 2399),
    birth_month smallint CHECK (birth_month BETWEEN 1 AND 12),
    birth_day smallint CHECK (birth_day BETWEEN 1 AND 31),
    sex smallint NOT NULL CHECK (sex BETWEEN 0 AND 2),
    marital_status smallint NOT NULL CHECK (marital_status BETWEEN 0 AND 3),
    ethnic_group text NOT NULL CHECK (ethnic_group ~ '^[0-9]{2}$'),
    religion text NOT NULL CHECK (religion ~ '^[0-9]{2}$'),
    nationality text NOT NULL CHECK (nationality ~ '^[A-Z]{2}$'),
    blood_group text NOT NULL CHECK (blood_group ~ '^0[0-4]$'),
    -- The newest old number, for the answer of a look-up; the way from an old number to people is old_id_number.
    old_id_number text CHECK (old_id_number ~ '^[0-9]{9}$'),
    birth_registration place,
    hometown place,
    permanent_residence place,
    current_residence place,
    father relative,
    mother relative,
    spouse relative,
    representative relative,
    household_id text CHECK (household_id ~ '^[A-Za-z0-9-]{1,40}$'),
    relation_to_head text CHECK (relation_to_head ~ '^QH[0-9]{2}$'),
    head_number text CHECK (head_number ~ '^[0-9]{12}$'),
    life_status text NOT NULL CHECK (life_status IN ('alive', 'dead', 'missing')),
    life_status_since date,
    CONSTRAINT a_day_needs_its_month CHECK (birth_day IS NULL OR birth_month IS NOT NULL),
    CONSTRAINT a_household_has_a_head CHECK (num_nulls(household_id, relation_to_head, head_number) IN (0, 3)),
    CONSTRAINT only_the_head_heads_itself CHECK ((relation_to_head = 'QH00') = (head_number = personal_number)),
    CONSTRAINT the_living_have_no_day_of_death CHECK (life_status <> 'alive' OR life_status_since IS NULL)
);

-- Every nine-digit number ever held. Numbers were issued twice by mistake, and a person who moved got a new one:
-- so neither side is unique.
CREATE TABLE old_id_number (
    number text NOT NULL CHECK (number ~ '^[0-9]{9}$'),
    personal_number text NOT NULL CHECK (personal_number ~ '^[0-9]{12}$'),
    valid_from date,
    valid_until date,
    PRIMARY KEY (number, personal_number),
    CONSTRAINT a_period_ends_after_it_begins CHECK (valid_until >= valid_from)
);

-- Reference data, the same in every database. The same code means different units at different times.
CREATE TABLE administrative_unit (
    code text NOT NULL CHECK (code ~ '^([0-9]{2}|[0-9]{3}|[0-9]{5})$'),
    valid_from date NOT NULL,
    valid_until date,
    level text NOT NULL CHECK (level IN ('province', 'district', 'commune')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    parent_code text CHECK (parent_code ~ '^([0-9]{2}|[0-9]{3})$'),
    parent_valid_from date,
    PRIMARY KEY (code, valid_from),
    CONSTRAINT a_period_ends_after_it_begins CHECK (valid_until >= valid_from),
    CONSTRAINT only_a_province_stands_alone
        CHECK ((level = 'province') = (parent_code IS NULL) AND num_nulls(parent_code, parent_valid_from) IN (0, 2))
);

CREATE TABLE administrative_unit_successor (
    code text NOT NULL,
    valid_from date NOT NULL,
    successor_code text NOT NULL,
    successor_valid_from date NOT NULL,
    PRIMARY KEY (code, valid_from, successor_code, successor_valid_from)
);
