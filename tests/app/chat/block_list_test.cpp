#include "block_dump.h"
#include "registry.h"

#include <chat/blocks/block_list.h>
#include <chat/blocks/markdown_parser.h>
#include <chat/plain_text.h>

#include <QElapsedTimer>
#include <QFile>
#include <QObject>
#include <QRandomGenerator>
#include <QRegularExpression>
#include <QTest>

#include <ctime>

using namespace lapidary::app;

namespace {

struct Example {
    QString name;
    QString markdown;
    QString expected;
};

/// Reads the examples of blocks.spec.md: a fence of eight backticks, "example NAME", the message, a
/// line with a dot, the blocks.
std::vector<Example> readSpecification() {
    QFile file(QStringLiteral(LAPIDARY_TESTS "/app/chat/blocks.spec.md"));
    if (!file.open(QIODevice::ReadOnly))
        qFatal("blocks.spec.md is missing");
    const QString fence = QStringLiteral("````````");
    std::vector<Example> examples;
    QString* part = nullptr;
    for (const QString& line : QString::fromUtf8(file.readAll()).split(u'\n')) {
        if (line.startsWith(fence + QStringLiteral(" example "))) {
            examples.push_back({line.sliced(fence.size() + 9), {}, {}});
            part = &examples.back().markdown;
        } else if (line == fence) {
            part = nullptr;
        } else if (part != nullptr && line == QStringLiteral(".")) {
            part = &examples.back().expected;
        } else if (part != nullptr) {
            *part += line + u'\n';
        }
    }
    for (Example& example : examples) {
        // What cannot stand in a text file is written as \x… there.
        static const QRegularExpression escape(QStringLiteral(R"(\\x\{([0-9A-F]+)\})"));
        for (QString* text : {&example.markdown, &example.expected})
            for (auto match = escape.match(*text); match.hasMatch(); match = escape.match(*text))
                text->replace(
                    match.capturedStart(), match.capturedLength(),
                    QString(QStringView(QChar::fromUcs4(match.captured(1).toUInt(nullptr, 16)))));
    }
    return examples;
}

std::vector<Block> blocksOf(const QByteArray& markdown) {
    BlockList list;
    list.append({markdown.constData(), static_cast<std::size_t>(markdown.size())});
    list.finish();
    return list.blocks();
}

double threadMilliseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

} // namespace

class BlockListTest : public QObject {
    Q_OBJECT

private slots:
    void specification_data();
    void specification();
    void splittingMeansTheSameAsReadingTheWhole_data() { specification_data(); }
    void splittingMeansTheSameAsReadingTheWhole();
    void piecesMeanTheSameAsTheWhole_data() { specification_data(); }
    void piecesMeanTheSameAsTheWhole();
    void changesDescribeWhatHappened_data() { specification_data(); }
    void changesDescribeWhatHappened();
    void rangesCoverTheLinesOfEachBlock();
    void longParagraphIsCutWhereNobodySees_data();
    void longParagraphIsCutWhereNobodySees();
    void hostileInputStaysQuick_data();
    void hostileInputStaysQuick();
    void longCodeIsNotReadAgain();
};

void BlockListTest::specification_data() {
    QTest::addColumn<QString>("markdown");
    QTest::addColumn<QString>("expected");
    for (const Example& example : readSpecification())
        QTest::newRow(qPrintable(example.name)) << example.markdown << example.expected;
}

void BlockListTest::specification() {
    QFETCH(QString, markdown);
    QFETCH(QString, expected);
    QCOMPARE(dumpBlocks(blocksOf(markdown.toUtf8())), expected);
}

void BlockListTest::splittingMeansTheSameAsReadingTheWhole() {
    QFETCH(QString, markdown);
    const QByteArray utf8 = markdown.toUtf8();
    QCOMPARE(dumpBlocks(blocksOf(utf8)),
             dumpBlocks(parseMarkdown({utf8.constData(), static_cast<std::size_t>(utf8.size())})));
}

void BlockListTest::piecesMeanTheSameAsTheWhole() {
    QFETCH(QString, markdown);
    QFETCH(QString, expected);
    QRandomGenerator random(20260718);
    for (int round = 0; round < 20; ++round) {
        BlockList list;
        for (qsizetype at = 0; at < markdown.size();) {
            qsizetype length = round == 0 ? 1 : 1 + random.bounded(12);
            if (at + length < markdown.size() && markdown[at + length].isLowSurrogate())
                ++length;
            list.append(
                markdown.sliced(at, std::min(length, markdown.size() - at)).toUtf8().toStdString());
            at += length;
        }
        list.finish();
        QCOMPARE(dumpBlocks(list.blocks()), expected);
    }
}

void BlockListTest::changesDescribeWhatHappened() {
    QFETCH(QString, markdown);
    BlockList list;
    std::vector<Block> mirror;
    const auto apply = [&](const BlockList::Change& change) {
        QCOMPARE(change.first + change.before, mirror.size());
        for (std::size_t i = 0; i < change.first; ++i)
            QVERIFY(mirror[i].looksLike(list.blocks()[i]));
        mirror.assign(list.blocks().begin(), list.blocks().end());
        QCOMPARE(change.first + change.after, mirror.size());
    };
    for (const QChar c : std::as_const(markdown))
        if (!c.isSurrogate())
            apply(list.append(QString(c).toUtf8().toStdString()));
    apply(list.finish());
}

void BlockListTest::rangesCoverTheLinesOfEachBlock() {
    const QByteArray source = "# Title\n\nOne **bold** line\nand another.\n\n"
                              "| a | b |\n|---|---|\n| 1 | 2 |\n\n```py\nx = 1\n```\n";
    const std::vector<Block> blocks = blocksOf(source);
    QCOMPARE(blocks.size(), std::size_t{4});
    const auto text = [&](std::size_t i) {
        return source.mid(blocks[i].sourceBegin, blocks[i].sourceEnd - blocks[i].sourceBegin);
    };
    QCOMPARE(text(0), QByteArray("# Title\n"));
    QCOMPARE(text(1), QByteArray("One **bold** line\nand another.\n"));
    QCOMPARE(text(2), QByteArray("| a | b |\n|---|---|\n| 1 | 2 |\n"));
    QCOMPARE(text(3), QByteArray("```py\nx = 1\n```\n"));
}

void BlockListTest::longParagraphIsCutWhereNobodySees_data() {
    QTest::addColumn<QByteArray>("source");
    QTest::addColumn<int>("step");
    QTest::newRow("sentences") << QByteArray("A sentence, then *another* one. ").repeated(6000)
                               << 9999;
    QTest::newRow("words") << QByteArray("word ").repeated(3000) << 7;
    QTest::newRow("lines") << QByteArray("a line of the poem\n").repeated(1000) << 50;
    QTest::newRow("one word") << QByteArray(300'000, 'x') << 20000;
    QTest::newRow("marks") << QByteArray("e\xCC\x81").repeated(4000) << 6000;
    QTest::newRow("pairs") << QByteArray("\xF0\x9F\x99\x82").repeated(4000) << 8000;
    QTest::newRow("item") << "- " + QByteArray("words in an item ").repeated(1000) << 500;
}

void BlockListTest::longParagraphIsCutWhereNobodySees() {
    QFETCH(QByteArray, source);
    QFETCH(int, step);
    BlockList list;
    for (qsizetype at = 0; at < source.size(); at += step)
        list.append(source.sliced(at, std::min<qsizetype>(step, source.size() - at)).toStdString());
    list.finish();
    QString whole = QString::fromUtf8(source).trimmed();
    QVERIFY(list.blocks().size() > 2);
    for (std::size_t i = 0; i < list.blocks().size(); ++i) {
        const Block& block = list.blocks()[i];
        QCOMPARE(block.joint == Joint::Apart, i == 0);
        const QString& text = block.paragraphs.front().text;
        QVERIFY(text.size() <= kPieceCharacters);
        QVERIFY(!text.front().isLowSurrogate() && !text.front().isMark());
    }
    whole.remove(u'*');
    if (whole.startsWith(QStringLiteral("- ")))
        whole.replace(0, 1, QStringLiteral("•"));
    QCOMPARE(plainText(list.blocks()), whole);
}

void BlockListTest::hostileInputStaysQuick_data() {
    QTest::addColumn<QByteArray>("source");
    const auto repeated = [](const char* text, int bytes) {
        return QByteArray(text).repeated(bytes / static_cast<int>(qstrlen(text)));
    };
    constexpr int kSize = 1'000'000;
    QTest::newRow("backticks") << repeated("`", kSize);
    QTest::newRow("open brackets") << repeated("[", kSize);
    QTest::newRow("nested brackets") << repeated("[", 20000) + repeated("]", 20000);
    QTest::newRow("images in images") << repeated("![[]()", kSize);
    QTest::newRow("quotes in quotes") << repeated(">", 50000) + "x";
    QTest::newRow("lists in lists") << repeated("- ", 50000) + "x";
    QTest::newRow("emphasis openers") << repeated("*a **a ", kSize);
    QTest::newRow("underscores") << repeated("_a__b_", kSize);
    QTest::newRow("dollars") << repeated("$a $$b ", kSize);
    QTest::newRow("unclosed formulas") << repeated("\\(a \\[b ", kSize);
    QTest::newRow("backticks of growing length") << [] {
        QByteArray out;
        for (int i = 1; i < 1000; ++i)
            out += 'e' + QByteArray(i, '`');
        return out;
    }();
    QTest::newRow("wide table") << repeated("|a", 20000) + '\n' + repeated("|-", 20000) + '\n'
                                       + repeated("|b", 20000);
    QTest::newRow("tall table") << QByteArray("|a|b|\n|-|-|\n") + repeated("|1|2|\n", kSize);
    QTest::newRow("entities") << repeated("&#x1F600;&amp;&unknown;", kSize);
    QTest::newRow("definitions") << repeated("[a]: /b\n\n[a]\n\n", 200000);
    QTest::newRow("one line") << repeated("word ", kSize);
    QTest::newRow("short lines") << repeated("a\n", kSize);
    QTest::newRow("invalid UTF-8") << repeated("\xC3\x28\xFF\xFE\x80", kSize);
    QTest::newRow("zero bytes") << QByteArray(kSize, '\0');
    QTest::newRow("autolinks") << repeated("www.a.b/( http://c.d@e ", 200000);
    QTest::newRow("strikes") << repeated("~~a ~b ", 200000);
}

void BlockListTest::hostileInputStaysQuick() {
    QFETCH(QByteArray, source);
    const double start = threadMilliseconds();
    // As it streams: 4 kB at a time.
    BlockList list;
    for (qsizetype at = 0; at < source.size(); at += 4096)
        list.append(source.mid(at, 4096).toStdString());
    list.finish();
    const double spent = threadMilliseconds() - start;
    qInfo("%.0f ms, %zu blocks", spent, list.blocks().size());
    for (const Block& block : list.blocks()) {
        QVERIFY(block.quoteDepth <= kMaxNesting && block.indent <= kMaxNesting);
        QVERIFY(block.columns.size() <= kMaxTableColumns);
        QVERIFY(block.paragraphs.size() <= kMaxTableColumns * kMaxTableRows);
    }
    QVERIFY2(spent < 10'000, "a hostile message freezes the window");
}

void BlockListTest::longCodeIsNotReadAgain() {
    BlockList list;
    list.append("```cpp\n");
    const double start = threadMilliseconds();
    for (int i = 0; i < 5000; ++i) {
        const BlockList::Change change = list.append("    int value = 1;\n");
        QVERIFY(change.before <= 1);
    }
    const double spent = threadMilliseconds() - start;
    QVERIFY2(spent < 500, qPrintable(QStringLiteral("%1 ms").arg(spent)));
}

namespace {
const Registered<BlockListTest> registered;
}

#include "block_list_test.moc"
