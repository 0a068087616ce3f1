// Prints what Go's own parser and type checker say about the packages below a folder, as JSON.
//
//	GO111MODULE=off go run Names.go <root> <module path>
package main

import (
	"encoding/json"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
)

type definition struct {
	Path string `json:"path"`
	Line int    `json:"line"`
	Kind string `json:"kind"`
	Name string `json:"name"`
}

type call struct {
	Path   string `json:"path"`
	Line   int    `json:"line"`
	From   string `json:"from"`
	ToPath string `json:"toPath"`
	ToLine int    `json:"toLine"`
	To     string `json:"to"`
	Form   string `json:"form"`
}

type said struct {
	Version     string       `json:"version"`
	Files       []string     `json:"files"`
	Imports     [][2]string  `json:"imports"`
	Disputed    [][2]string  `json:"disputed"`
	Definitions []definition `json:"definitions"`
	Calls       []call       `json:"calls"`
}

var (
	root, module string
	files        = token.NewFileSet()
	known        = map[string]*types.Package{}
	standard     = importer.ForCompiler(files, "source", nil)
	out          = said{Version: runtime.Version()}
)

type finder struct{}

// Import checks packages of the module from the folder, takes others from where Go finds them, and makes do with empty ones.
func (finder) Import(path string) (*types.Package, error) {
	if path == module || strings.HasPrefix(path, module+"/") {
		folder := filepath.Join(root, strings.TrimPrefix(path, module))
		if done, ok := known[folder]; ok {
			return done, nil
		}
		parsed := parse(folder, func(name string, _ *ast.File) bool { return !strings.HasSuffix(name, "_test.go") })
		checked, _ := check(path, parsed)
		known[folder] = checked
		return checked, nil
	}
	if found, err := standard.Import(path); err == nil {
		return found, nil
	}
	empty := types.NewPackage(path, filepath.Base(path))
	empty.MarkComplete()
	return empty, nil
}

var trees = map[string]*ast.File{}

func parse(folder string, wanted func(string, *ast.File) bool) []*ast.File {
	entries, _ := os.ReadDir(folder)
	var list []*ast.File
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if entry.IsDir() || !strings.HasSuffix(path, ".go") {
			continue
		}
		if fits, err := build.Default.MatchFile(folder, entry.Name()); err != nil || !fits {
			continue
		}
		if trees[path] == nil {
			trees[path], _ = parser.ParseFile(files, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		}
		if trees[path] != nil && wanted(entry.Name(), trees[path]) {
			list = append(list, trees[path])
		}
	}
	return list
}

func check(path string, list []*ast.File) (*types.Package, *types.Info) {
	info := &types.Info{
		Uses:       map[*ast.Ident]types.Object{},
		Types:      map[ast.Expr]types.TypeAndValue{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	config := types.Config{Importer: finder{}, Error: func(error) {}, FakeImportC: true}
	checked, _ := config.Check(path, files, list, info)
	return checked, info
}

func place(at token.Pos) (string, int) {
	position := files.Position(at)
	path, err := filepath.Rel(root, position.Filename)
	if err != nil || strings.HasPrefix(path, "..") {
		return "", 0
	}
	return path, position.Line
}

func kindOf(spec *ast.TypeSpec) string {
	switch spec.Type.(type) {
	case *ast.StructType:
		return "class"
	case *ast.InterfaceType:
		return "interface"
	}
	return "type"
}

func read(tree *ast.File, info *types.Info) {
	path, _ := place(tree.Package)
	out.Files = append(out.Files, path)
	edges := map[[2]string]bool{}
	for _, one := range tree.Imports {
		name := strings.Trim(one.Path.Value, "\"`")
		if name == module || strings.HasPrefix(name, module+"/") {
			folder := strings.TrimPrefix(strings.TrimPrefix(name, module), "/")
			if list, _ := filepath.Glob(filepath.Join(root, folder, "*.go")); len(list) > 0 {
				edges[[2]string{path, folder + "/"}] = true
			}
		}
	}
	// Files of imported packages that something is used of.
	ast.Inspect(tree, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if package_, ok := selector.X.(*ast.Ident); ok {
			if _, ok := info.Uses[package_].(*types.PkgName); ok && info.Uses[selector.Sel] != nil {
				if to, _ := place(info.Uses[selector.Sel].Pos()); to != "" {
					edges[[2]string{path, to}] = true
				}
			}
		}
		return true
	})
	for edge := range edges {
		out.Imports = append(out.Imports, edge)
	}
	// Names that a dot imports, and members of what was imported, are used of their files without a package before them.
	others := map[[2]string]bool{}
	ast.Inspect(tree, func(node ast.Node) bool {
		if name, ok := node.(*ast.Ident); ok && info.Uses[name] != nil {
			if to, _ := place(info.Uses[name].Pos()); to != "" && to != path && !edges[[2]string{path, to}] {
				others[[2]string{path, to}] = true
			}
		}
		return true
	})
	for edge := range others {
		out.Disputed = append(out.Disputed, edge)
	}
	ast.Inspect(tree, func(node ast.Node) bool {
		if spec, ok := node.(*ast.TypeSpec); ok {
			_, line := place(spec.Name.Pos())
			out.Definitions = append(out.Definitions, definition{path, line, kindOf(spec), spec.Name.Name})
		}
		if list, ok := node.(*ast.InterfaceType); ok {
			for _, one := range list.Methods.List {
				for _, name := range one.Names {
					_, line := place(name.Pos())
					out.Definitions = append(out.Definitions, definition{path, line, "method", name.Name})
				}
			}
		}
		return true
	})
	for _, declaration := range tree.Decls {
		switch one := declaration.(type) {
		case *ast.FuncDecl:
			kind := "function"
			if one.Recv != nil {
				kind = "method"
			}
			_, line := place(one.Name.Pos())
			out.Definitions = append(out.Definitions, definition{path, line, kind, one.Name.Name})
			readCalls(one, one.Name.Name, path, info, receiver(one))
		case *ast.GenDecl:
			readCalls(one, "", path, info, "")
		}
	}
}

func receiver(one *ast.FuncDecl) string {
	if one.Recv == nil || len(one.Recv.List[0].Names) == 0 {
		return ""
	}
	return one.Recv.List[0].Names[0].Name
}

func readCalls(in ast.Node, from string, path string, info *types.Info, self string) {
	ast.Inspect(in, func(node ast.Node) bool {
		switch one := node.(type) {
		case *ast.CallExpr:
			name, form := callee(one.Fun, self, info)
			if name != nil {
				add(info.Uses[name], name, from, path, form)
			}
		case *ast.CompositeLit:
			name, _ := callee(one.Type, "", info)
			if name != nil {
				add(info.Uses[name], name, from, path, "new")
			}
		}
		return true
	})
}

// callee is the name that is called: by itself or of a package (`name`), of the receiver (`self`), of anything else (`other`).
func callee(one ast.Expr, self string, info *types.Info) (*ast.Ident, string) {
	switch one := one.(type) {
	case *ast.Ident:
		return one, "name"
	case *ast.ParenExpr:
		return callee(one.X, self, info)
	case *ast.IndexExpr:
		return callee(one.X, self, info)
	case *ast.IndexListExpr:
		return callee(one.X, self, info)
	case *ast.SelectorExpr:
		if left, ok := one.X.(*ast.Ident); ok {
			if _, ok := info.Uses[left].(*types.PkgName); ok {
				return one.Sel, "name"
			}
			if left.Name == self {
				return one.Sel, "self"
			}
		}
		return one.Sel, "other"
	}
	return nil, ""
}

func add(object types.Object, name *ast.Ident, from, path, form string) {
	if object == nil {
		return
	}
	switch one := object.(type) {
	case *types.Func:
		object = one.Origin()
	case *types.TypeName:
		// A conversion makes nothing.
		if form != "new" {
			return
		}
	case *types.Var:
		if object.Parent() == nil || object.Pkg() == nil || object.Parent() != object.Pkg().Scope() {
			return
		}
	default:
		return
	}
	toPath, toLine := place(object.Pos())
	if toPath == "" {
		return
	}
	_, line := place(name.Pos())
	out.Calls = append(out.Calls, call{path, line, from, toPath, toLine, object.Name(), form})
}

func main() {
	root, _ = filepath.Abs(os.Args[1])
	module = os.Args[2]
	filepath.Walk(root, func(folder string, entry os.FileInfo, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if name := entry.Name(); folder != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata") {
			return filepath.SkipDir
		}
		path := module
		if folder != root {
			path += "/" + filepath.ToSlash(strings.TrimPrefix(folder, root+"/"))
		}
		byName := map[string]bool{}
		parse(folder, func(_ string, tree *ast.File) bool { byName[tree.Name.Name] = true; return false })
		names := []string{}
		for name := range byName {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			list := parse(folder, func(_ string, tree *ast.File) bool { return tree.Name.Name == name })
			_, info := check(path, list)
			for _, tree := range list {
				read(tree, info)
			}
		}
		return nil
	})
	sort.Strings(out.Files)
	json.NewEncoder(os.Stdout).Encode(out)
}
