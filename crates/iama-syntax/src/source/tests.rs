use super::*;

fn decode(bytes: &[u8]) -> Result<SourceText, SourceError> {
    SourceText::decode(Dialect::Python2, bytes)
}

#[track_caller]
fn check(bytes: &[u8], text: &str, encoding: &str) {
    let source = decode(bytes).unwrap();
    assert_eq!((source.text(), source.encoding().name()), (text, encoding));
    assert_eq!(source.encode(source.text()).unwrap(), bytes);
}

#[track_caller]
fn check_refused(bytes: &[u8], error: SourceError) {
    assert_eq!(decode(bytes), Err(error));
}

#[test]
fn undeclared_python2_is_ascii() {
    check(b"x = 1\n", "x = 1\n", "ASCII");
    check_refused(b"x\ny = '\xE9'\n", SourceError::UndeclaredNonAscii { line: 2 });
    let python3 = SourceText::decode(Dialect::Python3, "é".as_bytes()).unwrap();
    assert_eq!((python3.text(), python3.encoding()), ("é", Encoding::Utf8));
    let broken = SourceText::decode(Dialect::Python3, b"\n\xE9");
    assert_eq!(broken, Err(SourceError::Malformed { line: 2, encoding: "UTF-8" }));
}

#[test]
fn latin1_maps_each_byte_to_the_character_with_its_number() {
    let mut bytes = b"# coding: latin-1\n".to_vec();
    bytes.extend(1..=255);
    let expected: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    check(&bytes, &expected, "ISO-8859-1");
}

#[test]
fn coding_lines_are_read_as_cpython_reads_them() {
    for line in [
        "# -*- coding: latin-1 -*-\n",
        "#!/usr/bin/python\n# vim: set fileencoding=latin-1 :\n",
        "\x0c \t#coding=iso-8859-1-unix\r",
        "\r\n#decoding coding: Latin_1\n",
        "# coding = utf-8, encoding:latin1\n",
    ] {
        assert_eq!(decode(format!("{line}x").as_bytes()).unwrap().encoding(), Encoding::Latin1, "{line:?}");
    }
    for line in
        ["x = 1 # coding: latin-1\n", "x = 1\n# coding: latin-1\n", "\n\n# coding: latin-1\n", "# coding latin-1\n"]
    {
        assert_eq!(decode(line.as_bytes()).unwrap().encoding(), Encoding::Ascii, "{line:?}");
    }
}

#[test]
fn a_coding_line_says_where_its_name_stands() {
    let body = b"#!x\r\n# coding: utf-8 \n";
    let found = coding_line(body).unwrap();
    assert_eq!(
        (found.name, &body[found.name_range], &body[found.line_range]),
        ("utf-8", &b"utf-8"[..], &b"# coding: utf-8 "[..])
    );
}

#[test]
fn other_encodings_survive_both_ways() {
    check(b"# coding: cp1252\n'\x80'", "# coding: cp1252\n'\u{20AC}'", "windows-1252");
    check(b"# coding: koi8-r\n'\xC1'", "# coding: koi8-r\n'\u{430}'", "KOI8-R");
    check(b"# coding: euc_jp\n'\xA4\xA2'", "# coding: euc_jp\n'\u{3042}'", "EUC-JP");
    check(b"# coding: cp936\n'\xB0\xA1'", "# coding: cp936\n'\u{554A}'", "GBK");
}

#[test]
fn a_byte_order_mark_means_utf8_and_is_kept() {
    let bytes = "\u{feff}x = 'é'\n".as_bytes();
    let source = decode(bytes).unwrap();
    assert_eq!((source.text(), source.has_bom()), ("x = 'é'\n", true));
    assert_eq!(source.encode("y\n").unwrap(), b"\xEF\xBB\xBFy\n");
    assert!(decode("\u{feff}# coding: utf8\n".as_bytes()).is_ok());
    check_refused("\u{feff}# coding: latin-1\n".as_bytes(), SourceError::BomContradicted { name: "latin-1".into() });
}

#[test]
fn what_is_no_text_is_refused_with_its_place() {
    check_refused(b"ab\0", SourceError::NulByte { offset: 2 });
    check_refused(b"\xFF\xFEa\0", SourceError::WideEncoding);
    check_refused(b"# coding: utf-8\nx\n'\xE9'\n", SourceError::Malformed { line: 3, encoding: "UTF-8" });
    check_refused(b"# coding: euc-jp\n'\xFF'\n", SourceError::Malformed { line: 2, encoding: "EUC-JP" });
    for name in ["bogus", "utf-16", "hex", "iso-2022-kr", "x-user-defined"] {
        check_refused(format!("# coding: {name}\n").as_bytes(), SourceError::UnknownEncoding { name: name.into() });
    }
}

#[test]
fn bytes_that_would_be_written_differently_are_refused() {
    check_refused(
        b"# coding: iso-2022-jp\n\x1b$B\x24\x22\x1b$B\x24\x22\x1b(B\n",
        SourceError::NotExact { encoding: "ISO-2022-JP" },
    );
}

#[test]
fn characters_that_the_encoding_lacks_are_refused_with_their_line() {
    let refused = |bytes: &[u8], text: &str| decode(bytes).unwrap().encode(text).unwrap_err();
    let error = |character, encoding| SourceError::Unencodable { line: 2, character, encoding };
    assert_eq!(refused(b"x", "\r\u{e9}"), error('\u{e9}', "ASCII"));
    assert_eq!(refused(b"# coding: l1", "\n\u{20AC}"), error('\u{20AC}', "ISO-8859-1"));
    assert_eq!(refused(b"# coding: koi8-r", "\u{430}\n\u{e9}\n"), error('\u{e9}', "KOI8-R"));
    let utf8 = decode(b"# coding: l1\n\xE9").unwrap().with_encoding(Encoding::Utf8);
    assert_eq!(utf8.encode("\u{20AC}").unwrap(), "\u{20AC}".as_bytes());
}

#[test]
fn line_endings_are_counted_and_the_last_line_is_noticed() {
    let source = decode(b"a\r\nb\r\nc\nd\r").unwrap();
    assert_eq!(source.endings(), LineEndings { lf: 1, crlf: 2, cr: 1 });
    assert_eq!((source.endings().dominant(), source.endings().is_mixed()), (LineEnding::CrLf, true));
    assert!(source.has_final_newline());
    let source = decode(b"a\rb").unwrap();
    assert_eq!((source.endings().dominant(), source.endings().is_mixed()), (LineEnding::Cr, false));
    assert!(!source.has_final_newline());
    assert_eq!(decode(b"").unwrap().endings().dominant(), LineEnding::Lf);
}

#[test]
fn the_other_languages_are_utf8_whatever_their_comments_say() {
    let text = "// coding: latin-1 é\n";
    for dialect in [Dialect::JavaScript, Dialect::TypeScript, Dialect::Tsx, Dialect::Java] {
        assert_eq!(SourceText::decode(dialect, text.as_bytes()).unwrap().text(), text);
    }
}
