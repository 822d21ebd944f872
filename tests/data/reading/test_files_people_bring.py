# ruff: noqa: E501 (a row of a table is a line)
"""Files as people have them: each is read as it was meant, or refused in one line that says what to do."""

import bz2
import datetime
import gzip
import io
import lzma
import sqlite3
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import places
from sturgeon.data import prepare, read_table
from sturgeon.data.reading.rules import notes_of
from sturgeon.errors import DataError, MissingExtra

NAN = None
TWO = {"a": [1, 2], "b": ["x", "y"]}
TEXT = "a,b\n1,x\n2,y\n"


def vietnamese(text):
    """Text in Windows-1258, which writes tones as marks of their own."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    found = []
    for letter in text:
        apart = unicodedata.normalize("NFD", letter)
        marks = "".join(mark for mark in apart[1:] if mark in tones)
        rest = "".join(mark for mark in apart if mark not in tones)
        found.append(unicodedata.normalize("NFC", rest) + marks)
    return "".join(found).encode("windows-1258")


def workbook(*sheets):
    """A workbook of sheets, each a name and its rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(frame=None, table=None):
    out = io.BytesIO()
    if table is None:
        frame.to_parquet(out)
    else:
        pq.write_table(table, out)
    return out.getvalue()


def feather(table, stream=False):
    out = io.BytesIO()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


ARROW = pa.table(TWO)
INDEXED = pd.DataFrame({"b": ["x", "y"]}, index=pd.Index([1, 2], name="a"))
SHEET = [["a", "b"], [1, "x"], [2, "y"]]

READ = {
    # encodings
    "a UTF-8 mark": ("t.csv", b"\xef\xbb\xbf" + TEXT.encode(), {}, TWO),
    "UTF-16 with a mark": ("t.csv", TEXT.encode("utf-16"), {}, TWO),
    "UTF-16 of the other order": ("t.csv", b"\xfe\xff" + TEXT.encode("utf-16-be"), {}, TWO),
    "UTF-16 without a mark": ("t.csv", TEXT.encode("utf-16-le"), {}, TWO),
    "UTF-16 without a mark, the other order": ("t.csv", TEXT.encode("utf-16-be"), {}, TWO),
    "UTF-32 with a mark": ("t.csv", TEXT.encode("utf-32"), {}, TWO),
    "UTF-32 without a mark": ("t.csv", TEXT.encode("utf-32-be"), {}, TWO),
    "UTF-16 that Excel calls Unicode text": ("t.txt", "a\tb\r\n1\tx\r\n2\ty\r\n".encode("utf-16"), {}, TWO),
    "Windows-1252 that is named": ("t.csv", "a\ncafé €\n".encode("cp1252"), {"encoding": "windows-1252"}, {"a": ["café €"]}),
    "Latin-1 that is named": ("t.csv", "größe\n1\n".encode("latin-1"), {"encoding": "latin-1"}, {"größe": [1]}),
    "GB18030 that is named": ("t.csv", "城市,a\n北京,1\n".encode("gb18030"), {"encoding": "gb18030"}, {"城市": ["北京"], "a": [1]}),
    "Shift-JIS that is named": ("t.csv", "都市,a\n東京,1\n".encode("shift-jis"), {"encoding": "Shift_JIS"}, {"都市": ["東京"], "a": [1]}),
    "a mark is believed, whatever is named": ("t.csv", TEXT.encode("utf-16"), {"encoding": "latin-1"}, TWO),
    "an encoding and gzip": ("t.csv.gz", gzip.compress("a\ncafé\n".encode("cp1252")), {"encoding": "cp1252"}, {"a": ["café"]}),
    # what stands before the header, and at the ends of lines
    "comments before the header": ("t.csv", "# made in 2020\n# by us, or them\n" + TEXT, {}, TWO),
    "a comment and a blank line": ("t.csv", "# made in 2020\n\n" + TEXT, {}, TWO),
    "a comment with as many fields, before a header of words": ("t.csv", "# one, two\n" + TEXT, {}, TWO),
    "a comment with a quote": ("t.csv", '# 5" of it\n' + TEXT, {}, TWO),
    "a header that is a comment": ("t.csv", "#a,b\n1,x\n2,y\n", {}, {"#a": [1, 2], "b": ["x", "y"]}),
    "Excel's line of the separator": ("t.csv", "sep=;\na;b\n1;x\n2;y\n", {}, TWO),
    "Excel's line in quotes, with a mark": ("t.csv", '\ufeff"sep=|"\r\na|b\r\n1|x\r\n2|y\r\n', {}, TWO),
    "Excel's line of a separator of its own": ("t.csv", "sep=^\na^b\n1^x\n2^y\n", {}, TWO),
    "vertical bars": ("t.csv", "a|b\n1|x\n2|y\n", {}, TWO),
    "vertical bars in a .psv": ("t.psv", "a|b\n1|x\n2|y\n", {}, TWO),
    "tabs in a .txt": ("t.txt", "a\tb\n1\tx\n2\ty\n", {}, TWO),
    "a separator at the end of every line": ("t.csv", "a,b,\n1,x,\n2,y,\n", {}, TWO),
    "a separator at the end of every row": ("t.csv", "a,b\n1,x,\n2,y,\n", {}, TWO),
    "a separator at the end, Windows' lines, quotes": ("t.csv", 'a;b;\r\n1;"x";\r\n2;y;\r\n', {}, TWO),
    "two separators at the end of every line": ("t.csv", "a,b,,\n1,x,,\n2,y,,\n", {}, TWO),
    "three separators at the end of every row": ("t.csv", 'a,b\n1,"x",,,\n2,y,,,\n', {}, TWO),
    "a separator at the end of the header alone": ("t.csv", "a,b,\n1,x\n2,y\n", {}, TWO),
    "comments of percent signs": ("t.csv", "% made in 2020\n% by us\n" + TEXT, {}, TWO),
    "comments of slashes": ("t.csv", "// made in 2020, by us\n" + TEXT, {}, TWO),
    "a header that begins with a percent sign": ("t.csv", "%a,b\n1,x\n2,y\n", {}, {"%a": [1, 2], "b": ["x", "y"]}),
    "commas in a .tsv": ("t.tsv", TEXT, {}, TWO),
    "blank lines before the header": ("t.csv", "\n\n" + TEXT, {}, TWO),
    # row numbers
    "unnamed row numbers from 0": ("t.csv", ",a,b\n0,1,x\n1,2,y\n", {}, TWO),
    "unnamed row numbers from 1": ("t.csv", ",a,b\n1,1,x\n2,2,y\n", {}, TWO),
    "row numbers read and written again": ("t.csv", "Unnamed: 0,a,b\n0,1,x\n1,2,y\n", {}, TWO),
    "row numbers written twice": ("t.csv", ",Unnamed: 0,a,b\n0,0,1,x\n1,1,2,y\n", {}, TWO),
    "row numbers written thrice": ("t.csv", "Unnamed: 0.1,Unnamed: 0,a,b\n1,0,1,x\n2,1,2,y\n", {}, TWO),
    "row numbers as R writes them": ("t.csv", '"a","b"\n"1",1,"x"\n"2",2,"y"\n', {}, TWO),
    "row numbers in quotes": ("t.csv", '"","a","b"\n"1",1,"x"\n"2",2,"y"\n', {}, TWO),
    "a column called as row numbers are": ("t.csv", "Unnamed: 0,a\n7,1\n9,2\n", {}, {"Unnamed: 0": [7, 9], "a": [1, 2]}),
    "row numbers in a workbook": ("t.xlsx", workbook(("s", [[None, "a", "b"], [0, 1, "x"], [1, 2, "y"]])), {}, TWO),
    "a named index in Parquet": ("t.parquet", parquet(INDEXED), {}, {"b": ["x", "y"], "a": [1, 2]}),
    "an unnamed index in Parquet": ("t.parquet", parquet(pd.DataFrame(TWO, index=[5, 3])), {}, TWO),
    "a numbered index in Parquet": ("t.parquet", parquet(pd.DataFrame(TWO)), {}, TWO),
    # words among numbers
    "a dash among numbers": ("t.csv", "a,b\n1,x\n-,y\n", {}, {"a": [1, NAN], "b": ["x", "y"]}),
    "many words among numbers": ("t.csv", "a\n1.5\n--\nn/a\nmissing\n.\n2\n", {}, {"a": [1.5, NAN, NAN, NAN, NAN, 2]}),
    "Excel's errors among numbers": ("t.csv", "a,b\n1,x\n#DIV/0!,y\n", {}, {"a": [1, NAN], "b": ["x", "y"]}),
    "a dash among words is a word": ("t.csv", "a,b\nu,x\n-,y\n", {}, {"a": ["u", "-"], "b": ["x", "y"]}),
    "a dash where other words are named": ("t.csv", "a\n1\n-\n", {"missing": ["n/k"]}, {"a": ["1", "-"]}),
    "a number that is named": ("t.csv", "a\n1\n-999\n", {"missing": "-999"}, {"a": [1, NAN]}),
    "a number that is named, of floats": ("t.csv", "a\n1.5\n-999.00\n", {"missing": "-999"}, {"a": [1.5, NAN]}),
    "a number that is named, in Parquet": ("t.parquet", parquet(pd.DataFrame({"a": [1, -999]})), {"missing": "-999"}, {"a": [1, NAN]}),
    "a number that is named, in JSON": ("t.jsonl", '{"a": 1.5}\n{"a": -999}\n', {"missing": "-999"}, {"a": [1.5, NAN]}),
    "a number that is named, among categories": ("t.csv", "a\nx\n-999\n", {"missing": "-999"}, {"a": ["x", NAN]}),
    "a word that is named": ("t.csv", "a\n1\nn/k\n", {"missing": ["n/k"]}, {"a": [1, NAN]}),
    "a dash among codes with zeros": ("t.csv", "a\n007\n-\n", {}, {"a": ["007", "-"]}),
    "a dash where a category is asked for": ("t.csv", "a\n1\n-\n", {"categorical": "a"}, {"a": ["1", "-"]}),
    "a dash among numbers in JSON": ("t.jsonl", '{"a": 1}\n{"a": "-"}\n', {}, {"a": ["1", NAN]}),
    # compressed
    "bzip2": ("t.csv.bz2", bz2.compress(TEXT.encode()), {}, TWO),
    "xz": ("t.csv.xz", lzma.compress(TEXT.encode()), {}, TWO),
    "gzip in capitals": ("T.CSV.GZ", gzip.compress(TEXT.encode()), {}, TWO),
    "gzipped JSON lines": ("t.jsonl.gz", gzip.compress(b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n'), {}, TWO),
    # other forms
    "JSON lines": ("t.jsonl", '{"a": 1, "b": "x"}\n\n{"a": 2, "b": "y"}\n', {}, TWO),
    "JSON lines by another name": ("t.ndjson", '{"a": 1, "b": "x"}\r\n{"b": "y", "a": 2}', {}, TWO),
    "an array of records": ("t.json", '[{"a": 1, "b": "x"},\n {"a": 2, "b": "y"}]', {}, TWO),
    "lines in a file called .json": ("t.json", '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n', {}, TWO),
    "records within an object": ("t.json", '{"data": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}', {}, TWO),
    "columns as pandas writes them": ("t.json", pd.DataFrame(TWO).to_json(), {}, TWO),
    "columns of some rows": ("t.json", pd.DataFrame(TWO, index=[30, 7]).to_json(), {}, TWO),
    "columns and rows apart": ("t.json", pd.DataFrame(TWO).to_json(orient="split"), {}, TWO),
    "columns and rows apart, no index": ("t.json", '{"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}', {}, TWO),
    "members that records lack": ("t.jsonl", '{"a": 1}\n{"b": "y"}\n', {}, {"a": [1, NAN], "b": [NAN, "y"]}),
    "words and null in JSON": ("t.jsonl", '{"a": "NA"}\n{"a": null}\n{"a": "u"}\n', {}, {"a": [NAN, NAN, "u"]}),
    "JSON in UTF-16": ("t.json", '[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]'.encode("utf-16"), {}, TWO),
    "Feather": ("t.feather", feather(ARROW), {}, TWO),
    "an Arrow file": ("t.arrow", feather(ARROW), {}, TWO),
    "an Arrow stream": ("t.arrow", feather(ARROW, stream=True), {}, TWO),
    "text in views, as Polars writes it": ("t.arrow", feather(pa.table({"a": [1], "b": pa.array(["x"], pa.string_view())})), {}, {"a": [1], "b": ["x"]}),
    "a workbook": ("t.xlsx", workbook(("s", SHEET)), {}, TWO),
    "a sheet by its name": ("t.xlsx", workbook(("r", [["no"]]), ("s", SHEET)), {"sheet": "s"}, TWO),
    "a sheet by its number": ("t.xlsx", workbook(("r", [["no"]]), ("s", SHEET)), {"sheet": "2"}, TWO),
    "a title above the header": ("t.xlsx", workbook(("s", [["Fish of 2020"], [], *SHEET])), {}, TWO),
    "codes as text in a workbook": ("t.xlsx", workbook(("s", [["a"], ["007"], ["010"]])), {}, {"a": ["007", "010"]}),
    "empty rows and columns in a workbook": ("t.xlsx", workbook(("s", [["a", "b", None], [1, "x"], [], [2, "y"]])), {}, TWO),
    "days in a workbook": ("t.xlsx", workbook(("s", [["a"], [datetime.date(2020, 1, 2)]])), {}, {"a": [datetime.date(2020, 1, 2)]}),
}  # fmt: skip

REFUSED = {
    "Windows-1252": ("t.csv", "a\ncafé\n".encode("cp1252"), {}, ["0xe9", "line 2", "windows-1252 reads as 'café'", "encoding"]),
    "Latin-1, further down": ("t.csv", ("a\n" + "1\n" * 50 + "Müller\n").encode("latin-1"), {}, ["line 52", "'Müller'"]),
    "GB18030": ("t.csv", "城市,人口\n北京,2154\n上海,2424\n".encode("gb18030"), {}, ["gb18030", "'城市'"]),
    "Shift-JIS": ("t.csv", "都市,人口\n東京,1396\n大阪,275\n".encode("shift-jis"), {}, ["shift-jis", "'都市'"]),
    "Vietnamese": ("t.csv", vietnamese("tên,vùng\nHà Nội,Bắc\nĐà Nẵng,Trung\n"), {}, ["windows-1258", "'tên'"]),
    "Cyrillic": ("t.csv", "город,a\nМосква,1\nКазань,2\n".encode("cp1251"), {}, ["windows-1251", "'город'"]),
    "an encoding that there is not": ("t.csv", TEXT, {"encoding": "latin-7b"}, ["'latin-7b'", "windows-1252"]),
    "an encoding of no text": ("t.csv", TEXT, {"encoding": "base64"}, ["'base64'"]),
    "the wrong encoding": ("t.csv", "a\ncafé\n".encode("cp1252"), {"encoding": "gb18030"}, ["is not gb18030"]),
    "a zero byte": ("t.csv", "a,b\n1,\0\n", {}, ["binary", "line 2"]),
    "a title before the header": ("t.csv", "Fish of 2020, all\n" + "a,b,c\n1,x,2\n", {}, ["line 2", "has 3, expected 2", "if they are a title"]),
    "a header one short, of no row numbers": ("t.csv", "a,b\n1,2,3\n4,5\n", {}, ["line 2 of", "has 3, expected 2"]),
    "a trailing separator on some rows": ("t.csv", "a,b\n1,x\n2,y,\n", {}, ["line 3", "has 3, expected 2"]),
    "a column behind the last separator": ("t.csv", "a,b,\n1,x,\n2,y,z\n", {}, ["line 3", "expected 2"]),
    "comments alone": ("t.csv", "# a\n# b\n", {}, ["header"]),
    "unnamed numbers that are none of rows": ("t.csv", ",a\n4,1\n2,2\n", {}, ["column 1", "has none", "index=False"]),
    "another unnamed column": ("t.csv", "a,,b\n1,2,3\n", {}, ["column 2", "has none"]),
    "bzip2 by another name": ("t.csv", bz2.compress(TEXT.encode()), {}, ["bzipped", "rename it to 't.csv.bz2'"]),
    "xz that is none": ("t.csv.xz", TEXT, {}, ["xz", "is not"]),
    "bzip2 that is cut off": ("t.csv.bz2", bz2.compress(TEXT.encode())[:-8], {}, ["whole", "t.csv.bz2"]),
    "Zstandard that is none": ("t.csv.zst", TEXT, {}, ["Zstandard", "is not"]),
    "JSON that is cut off": ("t.jsonl", '{"a": 1}\n{"a": \n', {}, ["line 2"]),
    "JSON lines of numbers": ("t.jsonl", "1\n2\n", {}, ["line 1", "holds '1'"]),
    "an array of numbers": ("t.json", "[1, 2]", {}, ["array of objects"]),
    "rows by their number in JSON": ("t.json", pd.DataFrame(TWO).to_json(orient="index"), {}, ["orient='records'"]),
    "columns or rows in JSON": ("t.json", pd.DataFrame(TWO, index=["u", "v"]).to_json(), {}, ["orient='records'"]),
    "numbered columns in JSON": ("t.json", pd.DataFrame([[1, 2], [3, 4]]).to_json(), {}, ["orient='records'"]),
    "two columns of one name in JSON": ("t.json", '{"columns": ["a", "a"], "data": [[1, 2]]}', {}, ["columns 1 and 2"]),
    "a workbook that is text": ("t.xlsx", TEXT, {}, ["workbook", "is not"]),
    "a sheet that there is not": ("t.xlsx", workbook(("s", SHEET)), {"sheet": "r"}, ["'r'", "has 's'"]),
    "a sheet beyond the last": ("t.xlsx", workbook(("s", SHEET)), {"sheet": 2}, ["got 2"]),
    "an empty sheet": ("t.xlsx", workbook(("s", [])), {}, ["is empty"]),
    "a sheet of a header": ("t.xlsx", workbook(("s", [["a", "b"]])), {}, ["header only"]),
    "two columns of a name in a workbook": ("t.xlsx", workbook(("s", [["a", "a"], [1, 2]])), {}, ["both called 'a'"]),
    "a sheet of a CSV": ("t.csv", TEXT, {"sheet": "s"}, ["is for a workbook"]),
    "Feather that is none": ("t.feather", TEXT, {}, ["Feather"]),
    "Feather of the first version": ("t.feather", b"FEA1....", {}, ["first version"]),
    "a query of a file": ("t.csv", TEXT, {"sql": "select 1"}, ["database's URL"]),
    "another ending": ("t.sav", TEXT, {}, [".csv", ".xlsx", "'"]),
}  # fmt: skip


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def cells_of(frame):
    return {name: [None if pd.isna(cell) else cell for cell in frame[name]] for name in frame}


@pytest.mark.parametrize("case", READ)
def test_a_file_is_read_as_it_was_meant(tmp_path, case):
    name, content, options, expected = READ[case]
    assert cells_of(read_table(write(tmp_path, name, content), **options)) == expected


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_is_refused_in_one_line(tmp_path, case):
    name, content, options, parts = REFUSED[case]
    with pytest.raises(DataError) as caught:
        read_table(write(tmp_path, name, content), **options)
    message = str(caught.value)
    assert "\n" not in message
    assert all(part in message for part in parts), message


def test_zstandard(tmp_path):
    with pa.CompressedOutputStream(str(tmp_path / "t.csv.zst"), "zstd") as file:
        file.write(TEXT.encode())
    assert cells_of(read_table(tmp_path / "t.csv.zst")) == TWO


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (",a,b\n0,1,x\n1,2,y\n", "the first column, which has no name, is left out, as it only numbers the rows"),
        ("Unnamed: 0,a\n0,1\n1,2\n", "column 'Unnamed: 0' is left out"),
        ("Unnamed: 0,a\n3,1\n1,2\n", "it may be row numbers of another table"),
    ],
)  # fmt: skip
def test_what_becomes_of_row_numbers_is_said(tmp_path, content, told):
    assert told in notes_of(read_table(write(tmp_path, "t.csv", content)))[0]


def test_the_sheet_that_is_read_is_said(tmp_path):
    path = write(tmp_path, "t.xlsx", workbook(("fish", SHEET), ("notes", [["x"]])))
    assert "sheet 'fish' of 2 is read" in notes_of(read_table(path))[0]


class TestSeveralFiles:
    @pytest.fixture
    def parts(self, tmp_path):
        write(tmp_path, "p-1.csv", "a,b\n1,x\n")
        write(tmp_path, "p-2.csv", "b,a\ny,2\n")
        return tmp_path

    def test_a_pattern_finds_them_in_order(self, parts):
        assert cells_of(read_table(parts / "p-*.csv")) == TWO

    def test_types_are_those_of_all_rows(self, parts):
        write(parts, "p-3.csv", "a,b\n007,z\n")
        assert read_table(parts / "p-*.csv")["a"].tolist() == ["1", "2", "007"]

    def test_each_may_number_its_rows(self, tmp_path):
        for part in "12":
            write(tmp_path, f"p-{part}.csv", f",a\n0,{part}\n1,{part}\n")
        assert cells_of(read_table(tmp_path / "p-*.csv")) == {"a": [1, 1, 2, 2]}

    def test_other_columns_are_refused(self, parts):
        write(parts, "p-3.csv", "a,c\n3,z\n")
        with pytest.raises(DataError, match=r"same columns; .*p-3.csv' lacks 'b', which .*p-1.csv' has"):
            read_table(parts / "p-*.csv")

    def test_nothing_found_and_two_forms_are_refused(self, parts):
        with pytest.raises(DataError, match="there is none like"):
            read_table(parts / "q-*.csv")
        write(parts, "p-3.jsonl", '{"a": 1, "b": "x"}\n')
        with pytest.raises(DataError, match="of one form"):
            read_table(parts / "p-*")

    @pytest.mark.parametrize("form", ["parquet", "feather", "jsonl", "xlsx"])
    def test_of_every_form(self, tmp_path, form):
        for number, kind in enumerate([int, float], start=1):
            frame = pd.DataFrame({"a": [kind(number)], "b": [f"{number}x"]})
            path = tmp_path / f"p-{number}.{form}"
            if form == "jsonl":
                frame.to_json(path, orient="records", lines=True)
            else:
                writers = {"parquet": frame.to_parquet, "feather": frame.to_feather, "xlsx": frame.to_excel}
                writers[form](path)
        assert cells_of(read_table(tmp_path / f"p-*.{form}")) == {"a": [1, 2], "b": ["1x", "2x"]}

    def test_a_folder_of_parquet_parts(self, tmp_path):
        for year in (2020, 2021):
            folder = tmp_path / "fish" / f"year={year}"
            folder.mkdir(parents=True)
            pq.write_table(pa.table({"a": [year]}), folder / "part-0.parquet")
        (tmp_path / "fish" / "_SUCCESS").touch()
        frame = read_table(tmp_path / "fish")
        assert cells_of(frame) == {"a": [2020, 2021], "year": ["2020", "2021"]}
        (tmp_path / "fish" / "read.me").touch()
        with pytest.raises(DataError, match="is a directory"):
            read_table(tmp_path / "fish")


class TestDatabases:
    @pytest.fixture
    def url(self, tmp_path):
        with sqlite3.connect(tmp_path / "fish.db") as connection:
            connection.execute("create table fish (a integer, b text)")
            connection.executemany("insert into fish values (?, ?)", [(1, "x"), (2, "y"), (None, None)])
        connection.close()
        return f"sqlite:///{tmp_path / 'fish.db'}"

    def test_a_query_is_read(self, url):
        assert cells_of(read_table(url, sql="select a, b from fish where a is not null order by a")) == TWO
        assert read_table(url, sql="select b, '12:05' as c from fish")["c"].tolist() == ["12:05"] * 3
        assert read_table(url, sql="with f as (select a from fish) select count(*) as n from f")["n"][0] == 3

    @pytest.mark.parametrize(
        ("query", "parts"),
        [
            ("delete from fish", ["query that reads", "'delete from fish'"]),
            ("select * from nowhere", ["no such table: nowhere"]),
            ("select a as c, b as c from fish", ["both called 'c'"]),
            ("select * from fish where a > 9", ["gave none"]),
            ("with f as (select 1) insert into fish select 7, 'z'", ["readonly"]),
        ],
    )
    def test_a_query_is_refused_in_one_line(self, url, query, parts):
        with pytest.raises(DataError) as caught:
            read_table(url, sql=query)
        assert all(part in str(caught.value) for part in parts), caught.value
        assert read_table(url, sql="select count(*) as n from fish")["n"].tolist() == [3]

    def test_postgresql_is_read_and_not_written(self):
        import sqlalchemy

        url = places.postgres().url("fish").partition("?")[0]
        engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            connection.exec_driver_sql("create table people_bring (a numeric, b text, at timestamp)")
            connection.exec_driver_sql("create sequence people_bring_n")
            connection.exec_driver_sql(
                "insert into people_bring values (1, 'x%%', '2020-01-02'), (2.5, 'y', null)"
            )
        try:
            frame = read_table(
                url, sql="select a, b from people_bring where b like 'x%' or a::int > 2 order by a"
            )
            assert cells_of(frame) == {"a": [1, 2.5], "b": ["x%", "y"]}
            assert read_table(url, sql="select at from people_bring")["at"].dt.year.tolist()[0] == 2020
            for query in (
                "with w as (delete from people_bring returning a) select a from w",
                "select nextval('people_bring_n')",
            ):
                with pytest.raises(DataError, match=r"data-modifying|in a read-only transaction"):
                    read_table(url, sql=query)
            assert len(read_table(url, sql="table people_bring")) == 2
        finally:
            with engine.begin() as connection:
                connection.exec_driver_sql("drop table people_bring")
                connection.exec_driver_sql("drop sequence people_bring_n")
            engine.dispose()

    def test_a_database_that_there_is_not_is_not_made(self, tmp_path):
        with pytest.raises(DataError, match="there is no"):
            read_table(f"sqlite:///{tmp_path}/none.db", sql="select 1")
        assert not list(tmp_path.iterdir())

    def test_a_url_needs_a_query_and_no_password_is_told(self):
        with pytest.raises(DataError, match="must be named by a query") as caught:
            read_table("postgresql://anna:geheim@127.0.0.1:1/fish")
        assert "geheim" not in str(caught.value)
        with pytest.raises(DataError, match=r"anna:\*\*\*@127") as caught:
            read_table("postgresql://anna:geheim@127.0.0.1:1/fish", sql="select 1")
        assert "geheim" not in str(caught.value)


def test_a_table_of_lists_is_refused_by_the_column_alone(tmp_path):
    table = pa.table({"x": range(40), "many": [[1, 2]] * 40, "y": ["a", "b"] * 20})
    path = write(tmp_path, "t.parquet", parquet(table=table))
    with pytest.raises(DataError, match=r"'many' .* several values in a cell .*--drop many"):
        prepare(path, "y")
    assert prepare(path, "y", drop=["many"]).features == 1


def test_polars_and_arrow_tables_are_prepared_as_their_frame_is():
    polars = pytest.importorskip("polars")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=40), "c": ["u", "v"] * 20, "y": ["a", "b", "b", "a"] * 10})
    frame.loc[3, "x"] = None
    expected = prepare(frame, "y").fingerprint
    table = pa.Table.from_pandas(frame)
    assert prepare(table, "y").fingerprint == expected
    assert prepare(polars.from_arrow(table), "y").fingerprint == expected
    assert prepare((polars.from_arrow(table.drop_columns("y")), frame["y"]), "y").fingerprint == expected
    with pytest.raises(DataError, match="collect it first"):
        prepare(polars.from_arrow(table).lazy(), "y")


@pytest.mark.parametrize("content", [TEXT.encode(), b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n', gzip.compress(TEXT.encode(), mtime=0), parquet(table=ARROW)])  # fmt: skip
def test_standard_input_is_read_in_its_own_form(content):
    code = "import sturgeon as st; f = st.read_table('-'); print(f['a'].tolist(), f['b'].tolist())"
    ran = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True, check=True)
    assert ran.stdout.decode().strip() == "[1, 2] ['x', 'y']"


def test_a_package_that_is_missing_is_named_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    path = write(tmp_path, "t.xlsx", workbook(("s", SHEET)))
    with pytest.raises(MissingExtra, match=r"python-calamine .* pip install \"sturgeon\[excel\]\""):
        read_table(path)
    with pytest.raises(MissingExtra, match=r"MySQLdb .* pip install mysqlclient"):
        read_table("mysql://host/fish", sql="select 1")


def test_words_among_numbers_are_missing_in_prediction_too_and_labels_stay(tmp_path):
    rows = [f"{n if n % 5 else '-'},{'-' if n % 2 else 'yes'}" for n in range(60)]
    path = write(tmp_path, "t.csv", "x,y\n" + "\n".join(rows))
    dataset = prepare(path, "y")
    assert dataset.preprocessing.feature_names == ("x", "x is missing")
    assert dataset.preprocessing.target.labels == ("-", "yes")
    assert any(
        "12 cells of column 'x' are taken as missing, as they say '-'" in note for note in dataset.notes
    )
    one = write(tmp_path, "one.csv", "y,x\nyes,-\n-,3\n")
    inputs = dataset.preprocessing.transform(dataset.preprocessing.read(one))
    assert inputs[0, 1] > 0 > inputs[1, 1]


def test_a_test_table_with_unseen_categories_says_so(tmp_path):
    frame = pd.DataFrame({"x": np.arange(40.0), "c": ["u", "v"] * 20, "y": ["a", "b"] * 20})
    dataset = prepare(frame, "y", test=frame.assign(c=["u", "w"] * 20))
    assert "20 cells of column 'c' of the test table are of a kind that training never had" in dataset.notes


def test_a_network_of_before_that_learnt_row_numbers_still_has_them(tmp_path):
    path = write(
        tmp_path, "t.csv", "Unnamed: 0,x,y\n" + "\n".join(f"{n},{n % 7},{'ab'[n % 2]}" for n in range(40))
    )
    old = prepare(path, "y", tidied=False)
    assert old.preprocessing.feature_names == ("Unnamed: 0", "x")
    assert list(old.preprocessing.read(path)) == ["Unnamed: 0", "x", "y"]
    assert list(prepare(path, "y").preprocessing.read(path)) == ["x", "y"]


def test_pieces_of_any_size_give_the_same(tmp_path):
    from sturgeon.data.reading.row_shape import check_shape
    from sturgeon.data.reading.text_file import TextFile

    path = write(Path(tmp_path), "t.csv", "# of, 2020\n\n" + "a,b\r\n1,x,\r\n2,y,\r\n")
    shapes = {check_shape(TextFile(path), block_bytes=size) for size in range(1, 40)}
    assert len(shapes) == 1
    assert shapes.pop().trailing
