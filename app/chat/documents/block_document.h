#pragma once

#include "block_style.h"
#include "chat/blocks/block_list_model.h"
#include "code_colours.h"
#include "document_writer.h"
#include "table_writer.h"

#include <QBasicTimer>
#include <QObject>
#include <QPointer>
#include <QQmlParserStatus>
#include <QQuickTextDocument>
#include <QtQml/qqmlregistration.h>

#include <optional>

namespace lapidary::app {

/// Shows one block in the document of a TextEdit, and keeps it true while the block grows.
/// The TextEdit is read-only and of plain format; QML never sees markup. UI thread.
class BlockDocument : public QObject, public QQmlParserStatus {
    Q_OBJECT
    QML_ELEMENT
    Q_INTERFACES(QQmlParserStatus)
    Q_PROPERTY(QQuickTextDocument* target MEMBER target_ WRITE setTarget NOTIFY targetChanged)
    Q_PROPERTY(
        lapidary::app::BlockListModel* blocks MEMBER blocks_ WRITE setBlocks NOTIFY blocksChanged)
    Q_PROPERTY(int row MEMBER row_ WRITE setRow NOTIFY rowChanged)
    Q_PROPERTY(lapidary::app::BlockStyle* style MEMBER style_ WRITE setStyle NOTIFY styleChanged)
    /// Lines of code, or rows of a table after its header, that are shown; 0: all.
    Q_PROPERTY(int lineLimit MEMBER lineLimit_ WRITE setLineLimit NOTIFY lineLimitChanged)
    /// The first line that is shown. Long code is shown by several documents, each of which knows
    /// the one before it, so that its colours go on; a long table too, and each knows the first,
    /// which says how wide the columns are.
    Q_PROPERTY(int firstLine MEMBER firstLine_ NOTIFY pieceChanged)
    Q_PROPERTY(
        lapidary::app::BlockDocument* before MEMBER before_ WRITE setBefore NOTIFY pieceChanged)
    /// Table only: rows are still coming. Once they are more than one document's, its columns stay
    /// as they are until no more come.
    Q_PROPERTY(bool growing MEMBER growing_ WRITE setGrowing NOTIFY growingChanged)
    /// Of the whole code, or table.
    Q_PROPERTY(int lineCount MEMBER lineCount_ NOTIFY lineCountChanged)
    /// Pixels of the longest line as it is laid out.
    Q_PROPERTY(double naturalWidth MEMBER naturalWidth_ NOTIFY shownChanged)
    /// The text as assistive programs are told it.
    Q_PROPERTY(QString spoken READ spoken NOTIFY shownChanged)
    Q_PROPERTY(double tableWidth READ tableWidth NOTIFY shownChanged)
    /// Table only: where the rows that are shown begin, without the header.
    Q_PROPERTY(QList<double> rowTops MEMBER rowTops_ NOTIFY shownChanged)
    Q_PROPERTY(QString language MEMBER language_ NOTIFY shownChanged)
    Q_PROPERTY(int quoteDepth MEMBER quoteDepth_ NOTIFY shownChanged)
    Q_PROPERTY(int indent MEMBER indent_ NOTIFY shownChanged)
    Q_PROPERTY(int heading MEMBER heading_ NOTIFY shownChanged)
    /// The text goes on from the block before it, as one paragraph.
    Q_PROPERTY(bool continuing MEMBER continuing_ NOTIFY shownChanged)

public:
    using QObject::QObject;

    void classBegin() override {}
    void componentComplete() override;

    void setTarget(QQuickTextDocument* target);
    void setBlocks(BlockListModel* blocks);
    void setRow(int row);
    void setStyle(BlockStyle* style);
    void setLineLimit(int limit);
    void setBefore(BlockDocument* before);
    void setGrowing(bool growing);

    [[nodiscard]] QString spoken() const;
    [[nodiscard]] double tableWidth() const { return table_.width; }

    /// What the copy buttons of the block put on the clipboard.
    Q_INVOKABLE QString code() const;
    Q_INVOKABLE QString markdown() const;
    Q_INVOKABLE QString commaSeparated() const;

signals:
    void targetChanged();
    void blocksChanged();
    void rowChanged();
    void styleChanged();
    void lineLimitChanged();
    void pieceChanged();
    void growingChanged();
    void tableShapeChanged();
    void lineCountChanged();
    void shownChanged();

protected:
    void timerEvent(QTimerEvent* event) override;

private:
    void rewrite();
    void update();
    void writeCode(const Block& block, QTextDocument& document);
    void writeRows(const Block& table, QTextDocument& document);
    [[nodiscard]] TableShape tableShape(const Block& table, const Block& piece) const;
    [[nodiscard]] Block shownPartOf(const Block& block) const;
    void prepareWidth(QTextDocument& document) const;
    void noteShape(const Block& block);

    QPointer<QQuickTextDocument> target_;
    QPointer<BlockListModel> blocks_;
    QPointer<BlockStyle> style_;
    int row_ = -1;
    QPointer<BlockDocument> before_;
    int firstLine_ = 0;
    int lineLimit_ = 0;
    int lineCount_ = 0;
    double naturalWidth_ = 0;
    bool growing_ = false;
    TableShape table_;
    QList<double> rowTops_;
    QString language_;
    int quoteDepth_ = 0;
    int indent_ = 0;
    int heading_ = 0;
    bool continuing_ = false;
    bool complete_ = false;
    QBasicTimer restyle_; ///< once for all tokens that change together
    QBasicTimer reshape_; ///< the columns of the table have settled
    std::optional<Block> shown_;
    qsizetype shownCode_ = 0; ///< characters of code in the document
    std::optional<CodeColours> colours_;
};

} // namespace lapidary::app
