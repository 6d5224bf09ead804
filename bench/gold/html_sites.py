# ruff: noqa: E501 - markup reads worse when it is cut
"""Ten kinds of sites: each function puts content into the clutter and the markup habits of its kind."""

import html
from typing import Protocol

from bench.gold.html_pages import Block, Content, article, links


class Site(Protocol):
    """Writes a page."""

    def __call__(self, content: Content) -> str:
        """The page's HTML, without encoding."""
        ...


def page(content: Content, body: str, head: str = "") -> str:
    """A whole document around the body."""
    language = "ko" if content.is_korean else "en"
    site = content.say("나루일보", "Harbour Daily")
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="{{charset}}">'
        f"<title>{content.title} - {site}</title>{head}"
        "<style>.gnb li {{ float: left }}</style><script>var menu = ['a', 'b'];</script></head>"
        f"<body>{body}</body></html>"
    ).replace("{{ float: left }}", "{ float: left }")


def news(content: Content) -> str:
    """A newspaper article with related and popular news inside and beside it."""
    say, half = content.say, len(content.blocks) // 2
    related = f'<div class="related_news"><strong>{say("관련기사", "Related")}</strong><ul>{links(content.links[:4])}</ul></div>'
    head = (
        f'<meta property="og:title" content="{content.title}"><meta property="article:published_time" '
        f'content="{content.date}T09:00:00+09:00"><script type="application/ld+json">{{"@context": "https://schema.org",'
        f'"@type": "NewsArticle", "headline": "{content.title}", "author": {{"@type": "Person", "name": "{content.author}"}},'
        f'"datePublished": "{content.date}"}}</script>'
    )
    return page(
        content,
        f"""
<div id="wrap"><div class="gnb"><ul>{links(content.links)}</ul></div>
<div class="container"><section class="article-view"><h1 class="headline">{content.title}</h1>
<div class="byline"><span>{content.author} {say("기자", "staff writer")}</span> <span>{say("입력", "Published")} {content.date}</span>
<button>{say("글자 크기", "Text size")}</button></div>
<div id="articleBody" class="article_txt">{article(content.blocks[:half])}
<div class="ad_box"><a href="/ad">{say("지금 가입하면 한 달 무료", "Subscribe now, first month free")}</a></div>
{article(content.blocks[half:])}</div>{related}
<p class="copyright">{say("저작권자 나루일보, 무단 전재와 재배포 금지", "Copyright Harbour Daily. All rights reserved.")}</p></section>
<aside class="side"><h3>{say("많이 본 뉴스", "Most read")}</h3><ol>{links(content.links[4:10])}</ol></aside></div>
<div id="footer"><p>{say("나루일보 | 등록번호 가01234 | 발행인 안내 | 개인정보처리방침", "About us | Contact | Privacy policy | Terms of use")}</p></div></div>""",
        head,
    )


def notice_board(content: Content) -> str:
    """A company's board: a table for author and counters, the previous and next entry below."""
    say = content.say
    return page(
        content,
        f"""
<header id="hd"><h1 class="logo"><a href="/">{say("나루물류 그룹웨어", "Harbour Groupware")}</a></h1>
<div id="lnb"><ul>{links(content.links[:7])}</ul></div></header>
<div class="board_view"><table class="view_head"><tr><th>{say("제목", "Subject")}</th><td colspan="3">{content.title}</td></tr>
<tr><th>{say("작성자", "Author")}</th><td>{content.author}</td><th>{say("작성일", "Date")}</th><td>{content.date}</td></tr>
<tr><th>{say("조회수", "Views")}</th><td>1,234</td><th>{say("추천", "Likes")}</th><td>5</td></tr></table>
<div class="view_cont">{article(content.blocks, heading="<p><b>{1}</b></p>")}</div>
<div class="btn_area"><a href="/list">{say("목록", "List")}</a> <a href="/edit">{say("수정", "Edit")}</a> <a href="/del">{say("삭제", "Delete")}</a></div>
<table class="prev_next"><tr><th>{say("이전글", "Previous")}</th><td><a href="/1">{content.links[7]}</a></td></tr>
<tr><th>{say("다음글", "Next")}</th><td><a href="/3">{content.links[8]}</a></td></tr></table></div>
<footer>{say("본 게시물은 사내용입니다.", "For internal use only.")}</footer>""",
    )


def wiki(content: Content) -> str:
    """An encyclopaedia page: contents box, edit links at headings, an info box, navigation boxes at the end."""
    say = content.say
    heading = f'<{{0}}><span class="mw-headline">{{1}}</span><span class="mw-editsection">[<a href="/e">{say("편집", "edit")}</a>]</span></{{0}}>'
    titles = [block.items[0] for block in content.blocks if block.kind in ("h2", "h3")]
    return page(
        content,
        f"""
<div id="mw-page-base"></div><div id="content" class="mw-body" role="main"><h1 id="firstHeading">{content.title}</h1>
<div id="siteSub">{say("우리 모두의 백과", "From the free manual")}</div>
<a class="mw-jump-link" href="#nav">{say("둘러보기로 이동", "Jump to navigation")}</a>
<div class="mw-parser-output">{article(content.blocks[:1])}
<div id="toc" class="toc" role="navigation"><h2>{say("목차", "Contents")}</h2><ul>{links(titles)}</ul></div>
{article(content.blocks[1:], heading)}
<div role="navigation" class="navbox"><table><tr><th>{say("같이 보기 틀", "Series")}</th><td>{links(content.links[:6], "span")}</td></tr></table></div></div>
<div id="catlinks" class="catlinks">{say("분류", "Categories")}: <ul>{links(content.links[6:8])}</ul></div></div>
<div id="mw-navigation"><h2>{say("둘러보기 메뉴", "Navigation menu")}</h2><div id="p-tb"><h3>{say("도구", "Tools")}</h3>
<ul>{links(content.links[8:])}</ul></div></div>
<div id="footer"><ul><li>{say("이 문서는", "This page was last edited on")} {content.date}</li>
<li>{say("모든 문서는 동일조건변경허락에 따라 쓸 수 있습니다.", "Text is available under a share-alike licence.")}</li></ul></div>""",
    )


def documentation(content: Content) -> str:
    """Software documentation: sidebar, marks at headings, highlighted code, a question at the end."""
    say = content.say
    code = '<div class="highlight-python notranslate"><div class="highlight"><pre><span></span>{}\n</pre></div></div>'
    heading = '<{0} id="x">{1}<a class="headerlink" href="#x" title="Permalink">¶</a></{0}>'
    return page(
        content,
        f"""
<div class="skip"><a href="#main">{say("본문으로 건너뛰기", "Skip to main content")}</a></div>
<nav class="navbar"><a href="/">{say("설명서 첫 화면", "Documentation home")}</a><form role="search"><input placeholder="Search"><button>Search</button></form></nav>
<div class="row"><div class="sidebar" role="navigation"><h3>{say("차례", "Table of contents")}</h3><ul>{links(content.links)}</ul></div>
<main id="main"><div class="body" role="main"><section id="x"><h1>{content.title}<a class="headerlink" href="#x">¶</a></h1>
{article(content.blocks, heading, code)}</section></div>
<div class="prev-next"><a href="/a">{say("이전", "Previous")}: {content.links[0]}</a> <a href="/b">{say("다음", "Next")}: {content.links[1]}</a></div>
<div class="feedback"><p>{say("이 문서가 도움이 되었나요?", "Was this page helpful?")}</p><button>{say("예", "Yes")}</button><button>{say("아니요", "No")}</button></div></main></div>
<footer><p>&copy; 2024. {say("설명서 생성기로 만들었습니다.", "Built with a generator.")}</p></footer>""",
    )


def shop(content: Content) -> str:
    """A shop's help page: folded answers, cart and account links, the company's particulars."""
    say = content.say
    return page(
        content,
        f"""
<div class="top-util"><a href="/login">{say("로그인", "Sign in")}</a> <a href="/cart">{say("장바구니", "Cart")} (0)</a></div>
<div class="category-menu"><ul>{links(content.links)}</ul></div>
<div class="cookie-consent" role="dialog"><p>{say("이 사이트는 더 나은 경험을 위해 쿠키를 사용합니다.", "We use cookies to give you the best experience on our site.")}</p><button>{say("동의", "Accept all")}</button></div>
<div id="content"><h2 class="page-title">{content.title}</h2><div class="faq-list">{folded(content)}</div></div>
<div class="customer-center"><p>{say("고객센터 평일 9시부터 18시까지", "Customer service on weekdays from 9 to 18")}</p></div>
<div class="footer"><p>{say("상호 나루마트 | 대표 안내 | 사업자등록번호 000-00-00000 | 통신판매업 신고", "Harbour Mart Ltd. | Returns | Shipping | Privacy")}</p></div>""",
    )


def folded(content: Content) -> str:
    """Each heading with what follows it as a part that opens on a click."""
    parts: list[list[Block]] = [[]]
    for block in content.blocks:
        if block.kind in ("h2", "h3"):
            parts.append([])
        parts[-1].append(block)
    opened = article(parts[0])
    return opened + "".join(
        f"<details><summary>{html.escape(part[0].items[0])}</summary><div>{article(part[1:])}</div></details>"
        for part in parts[1:]
    )


def forum(content: Content) -> str:
    """A thread: every block is somebody's post, with the poster's particulars and signature."""
    say = content.say
    posts = "".join(
        f'<div class="post" id="p{number}"><div class="postprofile"><a href="/u">{content.author}</a><br>{say("글 수", "Posts")}: 42</div>'
        f'<div class="postbody"><p class="date">{content.date} 10:{number:02}</p><div class="content">{article([block])}</div>'
        f'<div class="signature">{say("늘 안전하게", "Safety first")}</div><ul class="post-buttons"><li><a href="/q">{say("인용", "Quote")}</a></li></ul></div></div>'
        for number, block in enumerate(content.blocks)
    )
    return page(
        content,
        f"""
<div id="page-header"><ul class="nav-breadcrumbs">{links(content.links[:3])}</ul></div>
<div id="page-body"><h2 class="topic-title">{content.title}</h2>
<div class="pagination">{say("1쪽 / 전체 1쪽", "Page 1 of 1")}</div>{posts}
<div class="similar"><h3>{say("비슷한 글", "Similar topics")}</h3><ul>{links(content.links[3:9])}</ul></div></div>
<div id="page-footer"><p>{say("현재 접속 중: 손님 3명", "Users browsing this forum: 3 guests")}</p></div>""",
    )


def government(content: Content) -> str:
    """A public office: skip links, path, tools for print and share, the office in charge, a survey."""
    say = content.say
    return page(
        content,
        f"""
<div id="skip_nav"><a href="#contents">{say("본문 바로가기", "Skip to contents")}</a><a href="#gnb">{say("주메뉴 바로가기", "Skip to menu")}</a></div>
<div class="gov_banner"><p>{say("이 누리집은 공식 전자정부 누리집입니다.", "This is an official government website.")}</p></div>
<div id="gnb"><ul>{links(content.links)}</ul></div>
<div id="container"><div class="location"><span>홈</span> &gt; <span>{say("알림", "News")}</span> &gt; <span>{say("고시 공고", "Notices")}</span></div>
<div class="sns_share"><a href="/s">{say("페이스북 공유", "Share on Facebook")}</a> <a href="/p">{say("인쇄", "Print")}</a></div>
<div id="contents"><h3 class="tit">{content.title}</h3>
<dl class="info"><dt>{say("등록일", "Date")}</dt><dd>{content.date}</dd><dt>{say("담당자", "Officer")}</dt><dd>{content.author}</dd></dl>
<div class="bbs_con">{article(content.blocks, '<{0} class="blt">{1}</{0}>')}</div>
<ul class="file_list"><li><a href="/f.hwp">{content.links[0]}.hwp</a> (24KB)</li></ul>
<div class="charge"><span>{say("담당부서: 시설관리과", "Office in charge: facilities")}</span></div>
<div class="satisfaction"><p>{say("현재 페이지의 내용과 사용 편의성에 만족하십니까?", "Are you satisfied with this page?")}</p>
<label>{say("매우 만족", "Very")}</label> <label>{say("불만", "Not at all")}</label></div></div></div>
<div id="foot"><address>{say("(00000) 나루도 바람시 물빛로 1, 대표전화", "1 Harbour Road, switchboard")}</address></div>""",
    )


def blog(content: Content) -> str:
    """A blog entry with share buttons, tags, about the author, related entries and comments."""
    say = content.say
    comments = "".join(
        f'<li class="comment"><b>{content.author}{number}</b> <time>{content.date}</time><p>{remark}</p><a href="/r">{say("답글", "Reply")}</a></li>'
        for number, remark in enumerate(content.remarks)
    )
    head = (
        f'<meta name="author" content="{content.author}"><meta property="og:title" content="{content.title}">'
    )
    return page(
        content,
        f"""
<header class="site-header"><p class="site-title">{say("현장 노트", "Field notes")}</p><nav><ul>{links(content.links[:5])}</ul></nav></header>
<main><article class="post"><header><h1 class="entry-title">{content.title}</h1>
<p class="entry-meta">{say("글쓴이", "by")} {content.author} · <time datetime="{content.date}">{content.date}</time></p></header>
<div class="entry-content">{article(content.blocks)}</div>
<div class="sharedaddy"><h3>{say("공유하기", "Share this")}</h3><ul><li><a href="/t">Twitter</a></li><li><a href="/f">Facebook</a></li></ul></div>
<footer class="entry-footer">{say("태그", "Tags")}: {links(content.links[5:7], "span")}</footer>
<section class="author-bio"><p>{say("글쓴이는 십 년째 현장에서 일한다.", "The author has worked on site for ten years.")}</p></section></article>
<section class="related-posts"><h3>{say("관련 글", "You may also like")}</h3><ul>{links(content.links[7:11])}</ul></section>
<section id="comments"><h3>{say("댓글", "Comments")}</h3><ol class="comment-list">{comments}</ol></section></main>
<aside id="secondary"><h3>{say("최근 글", "Recent posts")}</h3><ul>{links(content.links)}</ul></aside>
<footer class="site-footer">{say("워드프레스로 운영됩니다.", "Proudly powered by a blog engine.")}</footer>""",
        head,
    )


def intranet(content: Content) -> str:
    """A page of about 2003: layout by tables, menus in cells, bold lines for headings, upper-case tags."""
    say = content.say
    menu = "".join(
        f'<TR><TD><A HREF="m{number}.html">{title}</A></TD></TR>'
        for number, title in enumerate(content.links[:8])
    )
    body = article(content.blocks, heading='<P><FONT SIZE="4"><B>{1}</B></FONT></P>', code="<PRE>{}</PRE>")
    return f"""<HTML><HEAD><META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset={{charset}}"><TITLE>{content.title}</TITLE></HEAD>
<BODY BGCOLOR="#FFFFFF"><TABLE WIDTH="800" BORDER="0" CELLPADDING="0"><TR><TD COLSPAN="2" BGCOLOR="#003366"><FONT COLOR="#FFFFFF">{say("나루물류 업무 안내", "Harbour Logistics intranet")}</FONT>
<A HREF="/">{say("처음", "Home")}</A> | <A HREF="/map">{say("전체 보기", "Site map")}</A></TD></TR>
<TR><TD WIDTH="150" VALIGN="top"><TABLE>{menu}</TABLE></TD>
<TD VALIGN="top"><FONT SIZE="5"><B>{content.title}</B></FONT><HR>{body}</TD></TR>
<TR><TD COLSPAN="2" ALIGN="center"><FONT SIZE="1">{say("문의: 전산팀 내선 1234", "Questions: IT desk, extension 1234")}</FONT></TD></TR></TABLE></BODY></HTML>"""


def export(content: Content) -> str:
    """A manual saved as HTML by an office program: nothing but content."""
    body = article(
        content.blocks, heading='<{0} style="margin: 0">{1}</{0}>', code='<pre class="western">{}</pre>'
    )
    return f"""<html><head><meta http-equiv="content-type" content="text/html; charset={{charset}}"><title></title></head>
<body lang="{content.say("ko-KR", "en-US")}"><h1 class="western">{content.title}</h1>{body}</body></html>"""


SITES: dict[str, Site] = {
    site.__name__: site
    for site in (news, notice_board, wiki, documentation, shop, forum, government, blog, intranet, export)
}
