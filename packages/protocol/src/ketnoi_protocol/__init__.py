"""The words both sides speak: identifiers, personal numbers, services, envelope, errors."""
