#include "registry.h"

#include <tokenizer/utf8.h>

#include <QTest>

using namespace lapidary::engine;

class Utf8Test : public QObject {
    Q_OBJECT

private slots:
    /// Every sequence of up to three bytes, against Qt's own reader.
    void agreesWithQtOnAllShortSequences() {
        for (unsigned length = 1; length <= 2; ++length) {
            for (unsigned value = 0; value < 1U << (8 * length); ++value)
                compareWithQt(value, length);
        }
        for (unsigned value = 0xE00000; value < 0xF50000; ++value)
            compareWithQt(value, 3);
    }

    void readsCodePoints() {
        QCOMPARE(firstCodePoint("a"), U'a');
        QCOMPARE(firstCodePoint("é"), U'é');
        QCOMPARE(firstCodePoint("▁x"), U'▁');
        QCOMPARE(firstCodePoint("😀"), U'😀');
    }

private:
    static void compareWithQt(unsigned value, unsigned length) {
        std::string text;
        for (unsigned i = length; i-- > 0;)
            text += static_cast<char>(value >> (8 * i));
        // A letter behind it, because Qt holds an unfinished end back as one replacement too.
        text += 'x';
        const QString expected =
            QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
        const std::string ours = withoutInvalidUtf8(text);
        const bool valid = !expected.contains(QChar::ReplacementCharacter);
        if (isUtf8(text) != valid && text.find("\xEF\xBF\xBD") == std::string::npos)
            QFAIL(qPrintable(QByteArray::fromStdString(text).toHex()));
        if (valid)
            QCOMPARE(ours, text);
        QVERIFY(isUtf8(ours));
        QVERIFY(ours.ends_with('x'));
    }
};

namespace {
const Registered<Utf8Test> registered;
}

#include "utf8_test.moc"
