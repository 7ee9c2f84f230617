package app.fathi.tool;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Keys of the installation. */
@Command(name = "keys", description = "The installation's own keys.", subcommands = RotateMaster.class)
final class Keys implements Runnable {
    @Spec
    private CommandSpec spec;

    /** Without a command: what there is. */
    @Override
    public void run() {
        spec.commandLine().usage(Tool.out(spec));
    }
}
