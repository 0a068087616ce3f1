import com.sun.source.tree.*;
import com.sun.source.util.JavacTask;
import java.nio.file.Path;
import java.util.*;
import javax.tools.*;

/** Prints the types that files declare and the names that they import, as javac's parser reads them. */
public class Imports {
  public static void main(String[] paths) throws Exception {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
    var units = files.getJavaFileObjects(Arrays.stream(paths).map(Path::of).toArray(Path[]::new));
    JavacTask task = (JavacTask) compiler.getTask(null, files, null, List.of("-proc:none"), null, units);
    for (CompilationUnitTree unit : task.parse()) {
      String path = unit.getSourceFile().getName();
      String prefix = unit.getPackageName() == null ? "" : unit.getPackageName() + ".";
      for (Tree type : unit.getTypeDecls())
        if (type instanceof ClassTree c) System.out.println("type " + path + " " + prefix + c.getSimpleName());
      for (ImportTree one : unit.getImports()) {
        String name = one.getQualifiedIdentifier().toString();
        if (!name.endsWith("*")) System.out.println("import " + path + " " + name);
      }
    }
  }
}
