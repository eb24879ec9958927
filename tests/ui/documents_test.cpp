#include <chat/blocks/block_list.h>
#include <chat/documents/document_writer.h>
#include <chat/documents/table_writer.h>

#include <QTest>
#include <QTextDocument>

#include <optional>
#include <utility>

using namespace lapidary::app;
using namespace Qt::StringLiterals;

namespace {

Block tableOf(const std::string& markdown) {
    BlockList list;
    list.append(markdown);
    list.finish();
    return list.blocks().front();
}

} // namespace

/// What grew in a document is what would have been written at once.
class DocumentsTest : public QObject {
    Q_OBJECT

private slots:
    void grownTableIsTheWholeTable_data();
    void grownTableIsTheWholeTable();
    void otherTablesAreNotGrown();

    void piecesOfATableAreTheTable();

private:
    BlockStyle style_;
};

void DocumentsTest::grownTableIsTheWholeTable_data() {
    QTest::addColumn<int>("step");
    QTest::newRow("by letters") << 1;
    QTest::newRow("by tokens") << 4;
    QTest::newRow("by rows") << 27;
    QTest::newRow("by several rows") << 100;
}

void DocumentsTest::grownTableIsTheWholeTable() {
    QFETCH(int, step);
    std::string markdown = "| Product | Result |\n|---:|---|\n";
    for (int i = 1; i <= 12; ++i)
        markdown += "| " + std::to_string(i) + " x 3 | a **row** of words |\n";
    QTextDocument grown;
    prepareDocument(grown);
    TableShape shape;
    QList<double> rowTops;
    std::optional<Block> shown;
    int rewritten = 0;
    BlockList list;
    for (std::size_t at = 0; at < markdown.size(); at += static_cast<std::size_t>(step)) {
        list.append(markdown.substr(at, static_cast<std::size_t>(step)));
        const Block& block = list.blocks().front();
        if (block.kind != BlockKind::Table || (shown && shown->looksLike(block)))
            continue;
        const TableShape before = std::exchange(shape, shapeOf(block, style_));
        if (!shown
            || !growTable(grown, style_, before, shape, *shown, block, TableHead::Yes, rowTops)) {
            rowTops = writeTable(grown, style_, shape, block, TableHead::Yes);
            ++rewritten;
        }
        shown = block;
    }
    QVERIFY2(rewritten <= 4, qPrintable(QString::number(rewritten)));
    QTextDocument whole;
    prepareDocument(whole);
    const Block table = tableOf(markdown);
    const QList<double> expected =
        writeTable(whole, style_, shapeOf(table, style_), table, TableHead::Yes);
    QCOMPARE(grown.toPlainText(), whole.toPlainText());
    QCOMPARE(shape.width, shapeOf(table, style_).width);
    QCOMPARE(rowTops.size(), qsizetype{12});
    QCOMPARE(rowTops, expected);
}

void DocumentsTest::otherTablesAreNotGrown() {
    QTextDocument document;
    prepareDocument(document);
    const Block first = tableOf("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n");
    const TableShape shape = shapeOf(first, style_);
    QList<double> rowTops = writeTable(document, style_, shape, first, TableHead::Yes);
    const QString text = document.toPlainText();
    for (const char* other : {"| a | b |\n|---|---|\n| 9 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n",
                              "| a | b |\n|---|---|\n| 1 | 2 |\n",
                              "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n| five | 6 |\n",
                              "| a | b |\n|--:|---|\n| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n"}) {
        const Block wanted = tableOf(other);
        QVERIFY2(!growTable(document, style_, shape, shapeOf(wanted, style_), first, wanted,
                            TableHead::Yes, rowTops),
                 other);
        QCOMPARE(document.toPlainText(), text);
    }
}

void DocumentsTest::piecesOfATableAreTheTable() {
    std::string markdown = "| Product | Result |\n|---:|---|\n";
    for (int i = 1; i <= 40; ++i)
        markdown += "| " + std::to_string(i) + " x 3 | a **row** of words |\n";
    const Block table = tableOf(markdown);
    const TableShape shape = shapeOf(table, style_);
    std::vector<Paragraph> cells;
    double height = 0;
    for (std::size_t first = 0; first < 40; first += 16) {
        const Block piece = rowsOf(table, first, 16);
        cells.insert(cells.end(), piece.paragraphs.begin(), piece.paragraphs.end());
        QTextDocument document;
        prepareDocument(document);
        const TableHead head = first == 0 ? TableHead::Yes : TableHead::No;
        const QList<double> rowTops = writeTable(document, style_, shape, piece, head);
        QCOMPARE(rowTops.size(), qsizetype{first == 32 ? 8 : 16});
        QCOMPARE(rowTops.front() > 0, head == TableHead::Yes);
        height += document.size().height();
    }
    QCOMPARE(cells, table.paragraphs);
    QTextDocument whole;
    prepareDocument(whole);
    QCOMPARE(writeTable(whole, style_, shape, table, TableHead::Yes).size(), qsizetype{40});
    QCOMPARE(height, whole.size().height());
}

QTEST_MAIN(DocumentsTest)
#include "documents_test.moc"
