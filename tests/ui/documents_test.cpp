#include <chat/blocks/block_list.h>
#include <chat/documents/document_writer.h>

#include <QTest>
#include <QTextDocument>

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
    std::optional<Block> shown;
    int rewritten = 0;
    BlockList list;
    for (std::size_t at = 0; at < markdown.size(); at += static_cast<std::size_t>(step)) {
        list.append(markdown.substr(at, static_cast<std::size_t>(step)));
        const Block& block = list.blocks().front();
        if (block.kind != BlockKind::Table || (shown && shown->looksLike(block)))
            continue;
        if (!shown || !growTable(grown, style_, shape, *shown, block)) {
            shape = writeTable(grown, style_, block);
            ++rewritten;
        }
        shown = block;
    }
    QVERIFY2(rewritten <= 4, qPrintable(QString::number(rewritten)));
    QTextDocument whole;
    prepareDocument(whole);
    const TableShape expected = writeTable(whole, style_, tableOf(markdown));
    QCOMPARE(grown.toPlainText(), whole.toPlainText());
    QCOMPARE(shape.width, expected.width);
    QCOMPARE(shape.rowTops.size(), qsizetype{12});
    QCOMPARE(shape.rowTops, expected.rowTops);
}

void DocumentsTest::otherTablesAreNotGrown() {
    QTextDocument document;
    prepareDocument(document);
    const Block first = tableOf("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n");
    TableShape shape = writeTable(document, style_, first);
    const QString text = document.toPlainText();
    for (const char* other : {"| a | b |\n|---|---|\n| 9 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n",
                              "| a | b |\n|---|---|\n| 1 | 2 |\n",
                              "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n| five | 6 |\n",
                              "| a | b |\n|--:|---|\n| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n"}) {
        QVERIFY2(!growTable(document, style_, shape, first, tableOf(other)), other);
        QCOMPARE(document.toPlainText(), text);
    }
}

QTEST_MAIN(DocumentsTest)
#include "documents_test.moc"
