package app.fathi.platform.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The shape of a text, or of each element of a list. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
@interface Pattern {
    /** A regular expression that the whole value matches. */
    String value();

    /** The same in words, for the message that refuses a value. */
    String words();
}
