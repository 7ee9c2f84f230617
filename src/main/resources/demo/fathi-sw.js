importScripts('/sdk/fathi-sw.js');
