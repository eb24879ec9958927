#include "fixture.h"
#include "image.h"
#include "registry.h"

#include <QDir>
#include <QTest>
#include <QtEndian>

#include <cstring>

using namespace lapidary;
using namespace lapidary::engine;
using namespace Qt::StringLiterals;

/// Files that are not what they say: one clear sentence each, no crash, no giant allocation.
class HostileTest : public QObject {
    Q_OBJECT

private slots:
    void isRefusedInASentence_data();
    void isRefusedInASentence();
    void cutFilesAreErrors_data();
    void cutFilesAreErrors();
    void changedBytesDoNoHarm_data();
    void changedBytesDoNoHarm();
};

namespace {

QByteArray withNumber(QByteArray file, qsizetype at, quint32 value, int size, bool bigEndian) {
    for (int i = 0; i < size; ++i)
        file[at + i] = static_cast<char>(value >> (8 * (bigEndian ? size - 1 - i : i)));
    return file;
}

/// Sides of a lossless WebP: 14 bits each behind its signature.
QByteArray hugeWebp() {
    QByteArray file = fixture(u"pictures/lossless.webp"_s);
    return withNumber(file, file.indexOf("VP8L") + 9, 0x0FFFFFFF, 4, false);
}

QByteArray hugePng() {
    QByteArray file = fixture(u"pictures/rgb8.png"_s);
    file = withNumber(withNumber(file, 16, 100000, 4, true), 20, 100000, 4, true);
    return withNumber(file, 29, 0x27309C9F, 4, true); // CRC-32 of the changed chunk
}

QByteArray hugeJpeg() {
    QByteArray file = fixture(u"pictures/rgb444.jpg"_s);
    return withNumber(file, file.indexOf("\xff\xc0") + 5, 0xFFDCFFDC, 4, true);
}

QByteArray hugeGif() {
    return withNumber(fixture(u"pictures/plain.gif"_s), 6, 0xFFFFFFFF, 4, false);
}

QByteArray hugeBmp() {
    const QByteArray file = fixture(u"pictures/rle8.bmp"_s);
    return withNumber(withNumber(file, 18, 0x7FFFFFFF, 4, false), 22, 0x80000000, 4, false);
}

void addPictures() {
    QTest::addColumn<QString>("name");
    const QDir folder(QString::fromUtf8(LAPIDARY_TESTS "/engine/image/pictures"));
    for (const QString& expected : folder.entryList({u"*.ppm"_s})) {
        const QString name = expected.chopped(4);
        QTest::newRow(name.toUtf8().constData()) << name;
    }
}

} // namespace

void HostileTest::isRefusedInASentence_data() {
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<int>("kind");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* name, const QByteArray& file, ErrorKind kind,
                        const char* says) {
        QTest::newRow(name) << file << static_cast<int>(kind) << QString::fromUtf8(says);
    };
    row("empty", "", ErrorKind::Corrupt, "empty");
    row("one byte", "B", ErrorKind::Unsupported, "not a picture");
    row("text", "Dear all, attached you find", ErrorKind::Unsupported, "not a picture");
    row("TIFF", QByteArray("II*\0\10\0\0\0", 8), ErrorKind::Unsupported, "TIFF");
    row("HEIC",
        QByteArray("\0\0\0\x18"
                   "ftypheic\0\0\0\0",
                   16),
        ErrorKind::Unsupported, "HEIC");
    row("SVG", "<svg xmlns='http://www.w3.org/2000/svg'/>", ErrorKind::Unsupported, "SVG");
    row("animated WebP", fixture(u"pictures/animated.webp"_s), ErrorKind::Unsupported, "animation");
    row("huge PNG", hugePng(), ErrorKind::DoesNotFit, "100000 × 100000");
    row("huge JPEG", hugeJpeg(), ErrorKind::DoesNotFit, "65500 × 65500");
    row("huge GIF", hugeGif(), ErrorKind::DoesNotFit, "65535 × 65535");
    row("huge BMP", hugeBmp(), ErrorKind::DoesNotFit, "2147483647 × 2147483648");
    row("huge WebP", hugeWebp(), ErrorKind::DoesNotFit, "16384 × 16384");
    row("PNG without pixels", fixture(u"pictures/rgb8.png"_s).first(33), ErrorKind::Corrupt,
        "PNG file ends");
    row("GIF without a frame", QByteArray("GIF89a\5\0\5\0\0\0\0;", 14), ErrorKind::Corrupt, "GIF");
    row("BMP of 2 bits", withNumber(fixture(u"pictures/rgb24.bmp"_s), 28, 2, 2, false),
        ErrorKind::Unsupported, "2 bits");
    row("BMP with a JPEG inside", withNumber(fixture(u"pictures/rgb24.bmp"_s), 30, 4, 4, false),
        ErrorKind::Unsupported, "compression 4");
    row("BMP cut off in its header", fixture(u"pictures/rgb24.bmp"_s).first(20), ErrorKind::Corrupt,
        "BMP file ends");
    row("BMP of no width", withNumber(fixture(u"pictures/rgb24.bmp"_s), 18, 0, 4, false),
        ErrorKind::Corrupt, "damaged");
}

void HostileTest::isRefusedInASentence() {
    QFETCH(const QByteArray, file);
    QFETCH(const int, kind);
    QFETCH(const QString, says);
    const auto image = decodeImage(bytesOf(file));
    QVERIFY(!image);
    const QString sentence = QString::fromStdString(image.error().sentence);
    QCOMPARE(static_cast<int>(image.error().kind), kind);
    QVERIFY2(sentence.contains(says), qPrintable(sentence));
    QVERIFY2(sentence.endsWith(u'.'), qPrintable(sentence));
}

void HostileTest::cutFilesAreErrors_data() {
    addPictures();
}

void HostileTest::cutFilesAreErrors() {
    QFETCH(const QString, name);
    const QByteArray whole = fixture(u"pictures/"_s + name);
    // The first of several frames is over sooner.
    const qsizetype missing = whole.size() / (name == u"animated.gif"_s ? 4 : 2);
    for (qsizetype size = 0; size < whole.size(); ++size) {
        const QByteArray cut =
            whole.first(size); // its own memory, so that ASan sees a step too far
        const auto image = decodeImage(bytesOf(cut));
        if (size <= missing)
            QVERIFY2(!image, qPrintable(u"%1 bytes"_s.arg(size)));
        if (size == missing) {
            QVERIFY2(image.error().sentence.contains("ends before"),
                     image.error().sentence.c_str());
            QCOMPARE(image.error().kind, ErrorKind::Corrupt);
        }
    }
}

void HostileTest::changedBytesDoNoHarm_data() {
    addPictures();
}

void HostileTest::changedBytesDoNoHarm() {
    QFETCH(const QString, name);
    QByteArray file = fixture(u"pictures/"_s + name);
    for (qsizetype at = 0; at < std::min<qsizetype>(file.size(), 400); ++at) {
        for (const char change : {'\x01', '\x80', '\xff'}) {
            file[at] = static_cast<char>(file[at] ^ change);
            const auto image = decodeImage(bytesOf(file));
            if (image) {
                QCOMPARE((*image)->rgb.size(), static_cast<std::size_t>((*image)->width)
                                                   * static_cast<std::size_t>((*image)->height)
                                                   * 3);
            } else {
                QVERIFY(!image.error().sentence.empty());
            }
            file[at] = static_cast<char>(file[at] ^ change);
        }
    }
}

const Registered<HostileTest> registered;

#include "hostile_test.moc"
