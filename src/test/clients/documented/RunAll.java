/** Runs the classes that are named, one after the other, and says how each went. */
public final class RunAll {
    public static void main(String[] names) throws Exception {
        for (var name : names) {
            try {
                var main = Class.forName(name).getDeclaredMethod("main", String[].class);
                main.setAccessible(true);
                main.invoke(null, (Object) new String[0]);
                System.out.println("worked: " + name);
            } catch (Throwable e) {
                System.out.println("failed: " + name + ": " + (e.getCause() == null ? e : e.getCause()));
            }
        }
    }
}
