package app.fathi.cep.decisions;

import app.fathi.cep.policies.Ruling;

/** What stands against a delivery, and which stage says so. */
public record Verdict(Stage stage, Ruling ruling) {}
