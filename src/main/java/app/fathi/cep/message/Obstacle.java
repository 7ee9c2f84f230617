package app.fathi.cep.message;

/**
 * Something that stands against a message to many, as far as that is known before anybody is looked for.
 *
 * @param stops nothing would be sent at all
 * @param code for programs
 * @param detail for people
 */
public record Obstacle(boolean stops, String code, String detail) {}
