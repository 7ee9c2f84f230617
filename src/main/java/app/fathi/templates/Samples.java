package app.fathi.templates;

import io.vertx.core.json.JsonObject;

/** What a template is tried out with when it is for nobody in particular. */
final class Samples {
    private Samples() {}

    static JsonObject of(TemplateBody body) {
        return of(body, new JsonObject(), new JsonObject());
    }

    /**
     * What is given, else the sample of a variable, else its default; what has neither is its name in brackets where that is a
     * text, so that somebody sees where it stands.
     */
    static JsonObject of(TemplateBody body, JsonObject given, JsonObject traits) {
        var values = new JsonObject();
        for (var variable : body.variables()) {
            var told = variable.type().read(given.getValue(variable.name()));
            var shown = told != null ? told : variable.type().read(variable.shown());
            if (shown == null && variable.type() == Variable.Type.STRING) {
                shown = "[" + variable.name() + "]";
            }
            if (shown != null) {
                values.put(variable.name(), shown);
            }
        }
        return values.put("traits", traits).put("data", given);
    }
}
