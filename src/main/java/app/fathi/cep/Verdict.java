package app.fathi.cep;

/** What stands against a delivery, and which stage says so. */
record Verdict(Stage stage, Ruling ruling) {}
