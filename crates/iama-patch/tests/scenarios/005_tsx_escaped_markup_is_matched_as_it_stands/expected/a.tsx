export const A = () => <p title="a &amp; c">1 &gt; 0 {"</b>"}</p>;
