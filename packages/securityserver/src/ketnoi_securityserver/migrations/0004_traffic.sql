-- How many exchanges the provider side has carried, by the day (UTC+7), the subsystem that asked, the service and how
-- it ended. `client` and `service` are empty where nothing was proved about them. Counts only; nothing of a message.
CREATE TABLE traffic (
    day date NOT NULL,
    client text NOT NULL,
    service text NOT NULL,
    code text NOT NULL,
    count bigint NOT NULL CHECK (count > 0),
    PRIMARY KEY (day, client, service, code)
);
