import com.sun.source.tree.*;
import com.sun.source.util.*;
import java.nio.file.*;
import java.util.*;
import javax.lang.model.element.*;
import javax.tools.*;

/** Prints what javac's parser and attribution say: lines of `file`, `def`, `import`, `disputed` and `call`, fields set apart by tabs. */
public class Names {
  static Trees trees;
  static LineMap lines;
  static CompilationUnitTree unit;
  static String path;
  static final StringBuilder out = new StringBuilder();
  static final Map<String, String> imports = new TreeMap<>();

  static void say(Object... parts) {
    StringJoiner line = new StringJoiner("\t");
    for (Object part : parts) line.add(String.valueOf(part));
    out.append(line).append('\n');
  }

  static long line(Tree tree) {
    return lines.getLineNumber(Math.max(0, trees.getSourcePositions().getStartPosition(unit, tree)));
  }

  /** File and line of a declaration in the sources, or nothing. */
  static String[] place(Element element) {
    TreePath found = element == null ? null : trees.getPath(element);
    if (found == null) return null;
    CompilationUnitTree there = found.getCompilationUnit();
    long at = trees.getSourcePositions().getStartPosition(there, found.getLeaf());
    if (at < 0) return null;
    return new String[] {there.getSourceFile().getName(), String.valueOf(there.getLineMap().getLineNumber(at))};
  }

  static Element top(Element element) {
    Element at = element;
    while (at != null && at.getEnclosingElement() != null && at.getEnclosingElement().getKind() != ElementKind.PACKAGE)
      at = at.getEnclosingElement();
    return at;
  }

  static class Reader extends TreePathScanner<Void, String> {
    final Set<String> single = new HashSet<>();
    final Set<String> all = new HashSet<>();
    final Set<String> used = new TreeSet<>();

    @Override
    public Void visitImport(ImportTree tree, String from) {
      String name = tree.getQualifiedIdentifier().toString();
      if (name.endsWith(".*")) all.add((tree.isStatic() ? "static " : "") + name.substring(0, name.length() - 2));
      else {
        Element element = null;
        ExpressionTree of = (ExpressionTree) tree.getQualifiedIdentifier();
        if (tree.isStatic()) of = ((MemberSelectTree) of).getExpression();
        element = trees.getElement(TreePath.getPath(unit, of));
        String[] to = place(element);
        if (to != null && !to[0].equals(path)) say("import", path, to[0]);
      }
      return null;
    }

    @Override
    public Void visitClass(ClassTree tree, String from) {
      String name = tree.getSimpleName().toString();
      if (!name.isEmpty()) {
        String kind = switch (tree.getKind()) {
          case INTERFACE, ANNOTATION_TYPE -> "interface";
          case ENUM -> "enum";
          default -> "class";
        };
        say("def", path, line(tree), kind, name);
      }
      return super.visitClass(tree, name.isEmpty() ? from : name);
    }

    @Override
    public Void visitMethod(MethodTree tree, String from) {
      String name = tree.getName().toString();
      boolean made = name.equals("<init>");
      Element element = trees.getElement(getCurrentPath());
      if (made) name = element.getEnclosingElement().getSimpleName().toString();
      // Constructors that nobody wrote stand where their class does.
      long at = trees.getSourcePositions().getEndPosition(unit, tree);
      if (at > 0 && !name.isEmpty()) say("def", path, line(tree), "method", name);
      return super.visitMethod(tree, name);
    }

    void named(Element element) {
      Element of = top(element);
      String[] there = of instanceof TypeElement ? place(of) : null;
      // Members of what was imported, or of the same package.
      if (there != null && !there[0].equals(path)) used.add(path + "\t" + there[0]);
      Element type = element instanceof TypeElement ? element : null;
      if (type == null || !(top(type) instanceof TypeElement)) return;
      Element around = type.getEnclosingElement();
      if (all.contains(around.toString())) {
        String[] to = place(top(type));
        if (to != null && !to[0].equals(path)) imports.put(path + "\t" + to[0], "");
      }
    }

    @Override
    public Void visitMemberSelect(MemberSelectTree tree, String from) {
      named(trees.getElement(getCurrentPath()));
      return super.visitMemberSelect(tree, from);
    }

    @Override
    public Void visitIdentifier(IdentifierTree tree, String from) {
      Element element = trees.getElement(getCurrentPath());
      named(element);
      if (element != null && element.getEnclosingElement() != null && element.getModifiers().contains(Modifier.STATIC)
          && all.contains("static " + element.getEnclosingElement())) {
        String[] to = place(top(element));
        if (to != null && !to[0].equals(path)) imports.put(path + "\t" + to[0], "");
      }
      return super.visitIdentifier(tree, from);
    }

    void called(Element element, Tree at, String from, String form) {
      String[] to = place(element);
      String name = element == null ? "" : element.getSimpleName().toString();
      if (form.equals("new") && to == null && element != null) to = place(element.getEnclosingElement());
      if (name.equals("<init>")) name = element.getEnclosingElement().getSimpleName().toString();
      if (to != null && !name.isEmpty()) say("call", path, line(at), from, to[0], to[1], name, form);
    }

    @Override
    public Void visitMethodInvocation(MethodInvocationTree tree, String from) {
      ExpressionTree select = tree.getMethodSelect();
      Element element = trees.getElement(new TreePath(getCurrentPath(), select));
      String form = "name";
      if (select instanceof MemberSelectTree member) {
        String left = member.getExpression().toString();
        Element of = trees.getElement(new TreePath(new TreePath(getCurrentPath(), select), member.getExpression()));
        form = left.equals("this") || left.equals("super") ? "self" : of instanceof TypeElement ? "name" : "other";
      }
      String plain = select.toString();
      // Calls of other constructors are no calls by name.
      if (!plain.equals("this") && !plain.equals("super")) called(element, tree, from, form);
      return super.visitMethodInvocation(tree, from);
    }

    @Override
    public Void visitNewClass(NewClassTree tree, String from) {
      Element element = trees.getElement(getCurrentPath());
      // Constants of an enumeration are made without a word for it.
      if (element != null && element.getEnclosingElement().getKind() == ElementKind.ENUM) return super.visitNewClass(tree, from);
      if (tree.getClassBody() == null) called(element, tree, from, "new");
      else {
        Element type = trees.getElement(new TreePath(getCurrentPath(), tree.getIdentifier()));
        String[] to = place(type);
        if (to != null) say("call", path, line(tree), from, to[0], to[1], type.getSimpleName(), "new");
      }
      return super.visitNewClass(tree, from);
    }
  }

  public static void main(String[] paths) throws Exception {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
    var units = files.getJavaFileObjects(Arrays.stream(paths).map(Path::of).toArray(Path[]::new));
    DiagnosticListener<JavaFileObject> deaf = one -> {};
    JavacTask task = (JavacTask) compiler.getTask(null, files, deaf, List.of("-proc:none", "-Xmaxerrs", "100000"), null, units);
    trees = Trees.instance(task);
    List<CompilationUnitTree> parsed = new ArrayList<>();
    for (CompilationUnitTree one : task.parse()) parsed.add(one);
    try { task.analyze(); } catch (IllegalStateException error) { /* Errors of what is not here. */ }
    for (CompilationUnitTree one : parsed) {
      unit = one;
      lines = unit.getLineMap();
      path = unit.getSourceFile().getName();
      say("file", path);
      Reader reader = new Reader();
      reader.scan(unit, "");
      for (String edge : reader.used) say("disputed", edge);
    }
    for (String edge : imports.keySet()) say("import", edge);
    System.out.print(out);
  }
}
