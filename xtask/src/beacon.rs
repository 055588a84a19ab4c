//! How the browser's files are made. Results, in `target/assets/beacon`, each with `.br` and `.gz`:
//!
//! | file | from |
//! |---|---|
//! | `slowtax.js` | `beacon-wasm/js/stub.js`, bundled; knows the name below as `__CORE__` |
//! | `slowtax-HASH.js` | `beacon-wasm/js/core.js`, bundled as an ES module; imports the glue as `slowtax-glue`, and as `slowtax-imports` what the module asks for; finds the module beside itself |
//! | `slowtax-HASH.wasm` | `beacon-wasm` through cargo, wasm-bindgen and wasm-opt |
//! | `slowtax-HASH.asm.js` | the same module translated to JavaScript by wasm2js, for pages whose policy refuses wasm: `(imports) => exports` |
//! | `slowtax-HASH.debug.js` | `beacon-wasm/js/debug.js`, loaded where a page asks for it |
//!
//! `target/npm/slowtax` is the npm package: `beacon-wasm/npm`, and all of the above.
//!
//! wasm-bindgen's glue has a function for everything that the compiler's module imports; wasm-opt leaves out most of it. So that the
//! bundler leaves it out too, the imports of the optimised module are listed in a file of their own, and what the glue does when it is loaded is
//! reduced to what we need of it. What is imported gets short names.
//!
//! HASH is the first eight hex digits of a SHA-256 over all of them but `slowtax.js`: they fit only each other, so they share one name, and
//! that name may be cached for ever.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::assets;
use crate::bench::size_table;
use crate::output::say;
use crate::stamp::{Inputs, list_files, sha256_hex};
use crate::steps::Done;
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_mins(3);
const HASH_DIGITS: usize = 8;
/// What the module calls the glue.
const GLUE: &str = "glue";

/// What browsers must understand. `?.` and `??` are in it; private methods are not.
const ECMASCRIPT: &str = "--target=es2020";

/// The features of [`crate::wasm`]'s compiler flags, and what the compiler turns on by itself.
const WASM_OPT: [&str; 11] = [
    // Of wasm-bindgen's own, for whoever restarts modules or handles their exceptions: we do neither.
    "--remove-exports=__*",
    "-Oz",
    "--converge",
    "--enable-bulk-memory",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--strip-debug",
    "--strip-dwarf",
    "--strip-producers",
    "--strip-target-features",
];

/// A second look saves a thirtieth.
const TERSER: [&str; 6] = [
    "--ecma=2020",
    "--module",
    "--compress",
    "passes=4,ecma=2020,unsafe_arrows=true,unsafe=true,pure_getters=true,keep_fargs=false,hoist_props=true",
    "--mangle",
    "toplevel=true",
];

/// What wasm2js cannot translate is lowered first. Of a number too large for its integer that makes 0; see [`saturating`].
const LOWERED: [&str; 8] = [
    "-O",
    "--llvm-nontrapping-fptoint-lowering",
    "--llvm-memory-copy-fill-lowering",
    "--signext-lowering",
    "--enable-bulk-memory",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
];

/// The hash over all that the files are made of.
pub(crate) fn inputs(workspace: &Workspace) -> Result<String> {
    let mut inputs = Inputs::default().text(include_str!("beacon.rs")).text(include_str!("wasm.rs"));
    for path in
        ["beacon-wasm", "beacon-format", "xtask/assets/src", "Cargo.toml", "Cargo.lock", "package-lock.json", "LICENSE"]
    {
        inputs = inputs.path(&workspace.at(path))?;
    }
    Ok(inputs.finish())
}

/// True when nothing has changed since the files were made.
pub(crate) fn is_fresh(workspace: &Workspace) -> Result<bool> {
    Ok(workspace.stamp("beacon").is_fresh(&inputs(workspace)?))
}

/// Makes the files from the compiled module. The asset tool and the npm packages must be there.
pub(crate) fn assemble(workspace: &Workspace, module: &Path) -> Result<Done> {
    let inputs = inputs(workspace)?;
    let scratch = workspace.scratch("beacon")?;
    let glue = bind(workspace, module, &scratch)?;
    let shortened = shorten(workspace, &glue, &scratch)?;
    let optimised = optimise(workspace, &shortened, &scratch)?;
    let imports = list_imports(workspace, &optimised, &scratch)?;
    let core = bundle(workspace, "beacon-wasm/js/core.js", &core_arguments(&glue, &imports), &scratch.join("core.js"))?;
    let asm = translate(workspace, &optimised, &scratch)?;
    let asm = bundle(workspace, &asm.to_string_lossy(), &[], &scratch.join("asm.min.js"))?;
    let debug = bundle(workspace, "beacon-wasm/js/debug.js", &[], &scratch.join("debug.js"))?;

    let mut files = Vec::new();
    for (end, path) in [("js", &core), ("wasm", &optimised), ("asm.js", &asm), ("debug.js", &debug)] {
        files.push((end, fs::read(path).with_context(|| format!("cannot read {}", path.display()))?));
    }
    let bytes: Vec<&[u8]> = files.iter().map(|(_, bytes)| &bytes[..]).collect();
    let hash = &sha256_hex(&bytes)[..HASH_DIGITS];

    let staged = workspace.scratch("beacon-staged")?;
    for (end, bytes) in &files {
        let path = staged.join(format!("slowtax-{hash}.{end}"));
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let name = format!("--define:__CORE__=\"slowtax-{hash}.js\"");
    bundle(workspace, "beacon-wasm/js/stub.js", &[name], &staged.join("slowtax.js"))?;
    assets::compress(workspace, "beacon", &staged)?;

    let mut published = assets::publish(workspace, &staged, "beacon")?;
    let package = workspace.at("target/npm/slowtax");
    pack(workspace, &staged, &package)?;
    list_files(&package, &mut published)?;
    say(&size_table(&workspace.assets().join("beacon"))?);
    workspace.stamp("beacon").write(&inputs, &published)?;
    Ok(Done::Made)
}

/// The npm package: what brings the beacon into a page from JavaScript, and its files beside it for who serves them.
fn pack(workspace: &Workspace, scripts: &Path, package: &Path) -> Result<()> {
    let tool = workspace.program("beacon", "node", LIMIT).arg("beacon-wasm/npm/pack.mjs").arg(scripts).arg(package);
    tool.arg(env!("CARGO_PKG_VERSION")).run(&workspace.stop)
}

/// wasm-bindgen: the module without its custom sections, and the glue.
fn bind(workspace: &Workspace, module: &Path, scratch: &Path) -> Result<PathBuf> {
    let tool = workspace.program("beacon", assets::tool(workspace), LIMIT);
    tool.arg("bindgen").arg(module).arg(scratch).run(&workspace.stop)?;
    Ok(scratch.join("glue_bg.js"))
}

/// Gives the module as text, and changes the glue: what is imported has short names in both.
fn shorten(workspace: &Workspace, glue: &Path, scratch: &Path) -> Result<PathBuf> {
    let tool = workspace.npm_program("beacon", "wasm-dis", LIMIT).arg("--all-features");
    let module = tool.arg(scratch.join("glue_bg.wasm")).read(&workspace.stop)?;
    let text = fs::read_to_string(glue).with_context(|| format!("cannot read {}", glue.display()))?;
    let (module, text) = shortened(&module, &trimmed(&text)?);
    let path = scratch.join("shortened.wat");
    write(&path, &module)?;
    write(glue, &text)?;
    Ok(path)
}

/// The glue without what it does when it is loaded for others: a decoder for texts, which we never ask for; the constants among the objects;
/// and a check of how many objects are lent at a time.
fn trimmed(glue: &str) -> Result<String> {
    let parts = [
        ("let heap = new Array(1024).fill(undefined);\nheap.push(undefined, null, true, false);", "let heap = [];"),
        ("    if (stack_pointer == 1) throw new Error('out of js stack');\n", ""),
        ("let cachedTextDecoder = new", "let cachedTextDecoder = /* @__PURE__ */ new"),
        ("\ncachedTextDecoder.decode();\n", "\n"),
    ];
    let mut text = glue.to_owned();
    for (part, instead) in parts {
        ensure!(text.contains(part), "wasm-bindgen writes another glue now, without `{part}`");
        text = text.replace(part, instead);
    }
    Ok(text)
}

/// Messages of the libraries that no code is left to give: wasm-opt leaves out code, and of data what is 0.
const MESSAGES: [&str; 2] = ["closure invoked recursively or after being dropped", "<redacted>"];

/// `__wbg_sendBeacon_0123456789abcdef` becomes `sendBeacon` in both, and the module that all is imported from `glue`.
fn shortened(module: &str, glue: &str) -> (String, String) {
    let (mut module, mut glue) = (module.to_owned(), glue.to_owned());
    for name in imported(&module, "./glue_bg.js") {
        let Some((short, _)) = name.strip_prefix("__wbg_").and_then(|name| name.rsplit_once('_')) else { continue };
        module = module.replace(&format!("\"{name}\""), &format!("\"{short}\""));
        glue = glue.replace(&name, short);
    }
    for message in MESSAGES {
        module = module.replace(message, &"\\00".repeat(message.len()));
    }
    (module.replace("\"./glue_bg.js\"", &format!("\"{GLUE}\"")), glue)
}

fn optimise(workspace: &Workspace, module: &Path, scratch: &Path) -> Result<PathBuf> {
    let out = scratch.join("optimised.wasm");
    let tool = workspace.npm_program("beacon", "wasm-opt", LIMIT).args(WASM_OPT);
    tool.arg(module).arg("--output").arg(&out).run(&workspace.stop)?;
    Ok(out)
}

/// Writes a JavaScript module whose default export is what the wasm module imports.
fn list_imports(workspace: &Workspace, module: &Path, scratch: &Path) -> Result<PathBuf> {
    let text =
        workspace.npm_program("beacon", "wasm-dis", LIMIT).arg("--all-features").arg(module).read(&workspace.stop)?;
    let path = scratch.join("imports.js");
    write(&path, &imports_module(&text))?;
    Ok(path)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn imports_module(text: &str) -> String {
    let names = imported(text, GLUE).join(", ");
    format!("import {{ {names} }} from 'slowtax-glue';\nexport default {{ {GLUE}: {{ {names} }} }};\n")
}

/// What is imported from a module, read from the text form, in which an import is ` (import "MODULE" "NAME" ...`.
fn imported(text: &str, from: &str) -> Vec<String> {
    let start = format!("(import \"{from}\" \"");
    let names = text.lines().filter_map(|line| line.trim_start().strip_prefix(&start)?.split('"').next());
    names.map(str::to_owned).collect()
}

fn core_arguments(glue: &Path, imports: &Path) -> [String; 2] {
    [format!("--alias:slowtax-glue={}", glue.display()), format!("--alias:slowtax-imports={}", imports.display())]
}

/// The module in JavaScript.
fn translate(workspace: &Workspace, module: &Path, scratch: &Path) -> Result<PathBuf> {
    let (source, lowered) = (scratch.join("saturating.wat"), scratch.join("lowered.wasm"));
    let tool = workspace.npm_program("beacon", "wasm-dis", LIMIT).arg("--all-features").arg(module);
    write(&source, &saturating(&tool.read(&workspace.stop)?)?)?;
    let tool = workspace.npm_program("beacon", "wasm-opt", LIMIT).args(LOWERED).arg(&source);
    tool.arg("--output").arg(&lowered).run(&workspace.stop)?;
    let (translated, path) = (scratch.join("translated.js"), scratch.join("asm.js"));
    let tool = workspace.npm_program("beacon", "wasm2js", LIMIT).args(["-O", "--all-features"]).arg(&lowered);
    tool.arg("--output").arg(&translated).run(&workspace.stop)?;
    let text = fs::read_to_string(&translated).with_context(|| format!("cannot read {}", translated.display()))?;
    write(&path, &factory(&text)?)?;
    Ok(path)
}

/// The module's text form, in which a number that is too large for an integer becomes the largest also when conversions have been lowered: each
/// goes through a function that says so. Rust makes only those here to unsigned integers of doubles.
fn saturating(text: &str) -> Result<String> {
    let module = text.trim_end().strip_suffix(')').context("wasm-dis writes something else now")?;
    let types = [("i32", "4294967296"), ("i64", "18446744073709551616")];
    let calling = types.iter().fold(module.to_owned(), |text, (integer, _)| {
        text.replace(&format!("({integer}.trunc_sat_f64_u"), &format!("(call $saturate_{integer}"))
    });
    ensure!(!calling.contains(".trunc_sat"), "the module converts numbers in a way that is not known here");
    let functions = types.map(|(integer, above)| {
        format!(
            " (func $saturate_{integer} (param $number f64) (result {integer})\n  \
             (if (result {integer}) (f64.ge (local.get $number) (f64.const {above}))\n   \
             (then ({integer}.const -1)) (else ({integer}.trunc_sat_f64_u (local.get $number)))))\n"
        )
    });
    Ok(format!("{calling}{})\n", functions.concat()))
}

/// wasm2js writes a module that imports, instantiates and exports by itself: of that the function that makes an instance of given imports.
fn factory(text: &str) -> Result<String> {
    let text = text.lines().filter(|line| !line.starts_with("import ")).collect::<Vec<_>>().join("\n");
    let (function, _) = text.split_once("var retasmFunc").context("wasm2js writes something else now")?;
    Ok(format!("{function}\nexport default asmFunc;\n"))
}

/// One file of all that `source` imports, small. As it is a module or one block, it leaves no name behind.
fn bundle(workspace: &Workspace, source: &str, arguments: &[String], out: &Path) -> Result<PathBuf> {
    // Names are left to terser: where they have been made short before, it finds less that repeats.
    let common = ["--bundle", "--minify-syntax", "--minify-whitespace", "--legal-comments=none"];
    let format = ["--log-level=warning", "--charset=utf8", "--format=esm"];
    let bundled = out.with_extension("bundled.js");
    let esbuild =
        workspace.npm_program("beacon", "esbuild", LIMIT).arg(source).args(common).args(format).arg(ECMASCRIPT);
    esbuild.args(arguments).arg(format!("--outfile={}", bundled.display())).run(&workspace.stop)?;
    let terser = workspace.npm_program("beacon", "terser", LIMIT).arg(&bundled);
    terser.args(TERSER).arg("--output").arg(out).run(&workspace.stop)?;
    fs::remove_file(&bundled).with_context(|| format!("cannot remove {}", bundled.display()))?;
    Ok(out.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_translated_module_the_function_is_taken() {
        let text = "import * as a from './glue_bg.js';\n\nfunction asmFunc(imports) {\n return {};\n}\n\nvar retasmFunc = asmFunc({\n});\nexport var take;\n";
        let factory = factory(text).expect("as wasm2js writes it");
        assert_eq!(factory, "\nfunction asmFunc(imports) {\n return {};\n}\n\n\nexport default asmFunc;\n");
        assert!(super::factory("export default 1").is_err());
    }

    #[test]
    fn conversions_saturate_before_they_are_lowered() {
        let text = "(module\n (func $0 (result i64)\n  (i64.trunc_sat_f64_u\n   (f64.const 1)\n  )\n )\n)\n";
        let saturating = saturating(text).expect("as wasm-dis writes it");
        assert!(
            saturating
                .starts_with("(module\n (func $0 (result i64)\n  (call $saturate_i64\n   (f64.const 1)\n  )\n )\n")
        );
        assert!(saturating.contains("(then (i64.const -1)) (else (i64.trunc_sat_f64_u (local.get $number)))))\n)\n"));
        assert!(super::saturating("(module (i32.trunc_sat_f64_s))").is_err());
    }

    #[test]
    fn the_imports_of_a_module_are_found_in_its_text() {
        let text = "(module\n (type $0 (func))\n (import \"./glue_bg.js\" \"__wbg_a_1\" (func $a (param i32)))\n \
                    (import \"./glue_bg.js\" \"__wbg_b_2\" (func $b))\n (export \"import\" (func $b))\n)";
        let glue = "export function __wbg_a_1(arg0) {}\nexport function __wbg_b_2() {}\n";
        let (text, glue) = shortened(text, glue);
        assert_eq!(imports_module(&text), "import { a, b } from 'slowtax-glue';\nexport default { glue: { a, b } };\n");
        assert_eq!(glue, "export function a(arg0) {}\nexport function b() {}\n");
    }

    #[test]
    fn glue_that_is_not_as_expected_is_refused() {
        assert!(trimmed("let heap = [];\n").is_err());
    }
}
